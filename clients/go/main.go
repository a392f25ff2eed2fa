// Places a call, reads its result, registers and deletes a tool, and gets every error code.

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"client/pamela"
)

var (
	baseURL = os.Getenv("PAMELA_BASE_URL")
	apiKey  = os.Getenv("PAMELA_API_KEY")
	client  = newClient()
)

func newClient() *pamela.APIClient {
	configuration := pamela.NewConfiguration()
	configuration.Servers = pamela.ServerConfigurations{{URL: baseURL}}
	return pamela.NewAPIClient(configuration)
}

func withKey(key string) context.Context {
	if key == "" {
		return context.Background()
	}
	return context.WithValue(context.Background(), pamela.ContextAccessToken, key)
}

func main() {
	log.SetFlags(0)
	checkSignatures(os.Args[1])
	checkFixtures(os.Getenv("PAMELA_FIXTURES"))
	placeCall()
	keepTool()
	meetErrors()
	meetLaterStatus()
}

func must(holds bool, format string, values ...any) {
	if !holds {
		log.Fatalf(format, values...)
	}
}

func checkSignatures(file string) {
	type vector struct {
		Name, Description, Secret, Body, Canonical, Signature string
		BodySignature                                         string `json:"body_signature"`
		CanonicalSignature                                    string `json:"canonical_signature"`
	}
	var vectors struct{ Accept, Refuse []vector }
	text, err := os.ReadFile(file)
	must(err == nil, "%v", err)
	err = json.Unmarshal(text, &vectors)
	must(err == nil, "%v", err)
	for _, v := range vectors.Accept {
		form, err := canonicalForm([]byte(v.Body))
		must(err == nil && form == v.Canonical, "%s: %s %v", v.Name, form, err)
		must(verifySignature([]byte(v.Body), v.BodySignature, v.Secret), v.Name)
		must(verifySignature([]byte(v.Body), v.CanonicalSignature, v.Secret), v.Name)
	}
	for _, v := range vectors.Refuse {
		must(!verifySignature([]byte(v.Body), v.Signature, v.Secret), v.Name)
	}
	fmt.Printf("signatures: %d accepted, %d refused\n", len(vectors.Accept), len(vectors.Refuse))
}

func placeCall() {
	wanted := pamela.NewCreateCallRequest("+1234567890", "Schedule a meeting for next week")
	wanted.SetLocale("en-US")
	wanted.SetVoice(pamela.VOICE_FEMALE)
	key := fmt.Sprintf("order-1042-%d", time.Now().UnixNano())
	placed, _, err := client.CallsAPI.CreateCall(withKey(apiKey)).CreateCallRequest(*wanted).IdempotencyKey(key).Execute()
	must(err == nil, "%v", err)
	call := waitFor(placed.Id)
	must(call.Status == pamela.CALLSTATUS_COMPLETED, "the call is %s", call.Status)
	must(call.StartedAt.IsSet() && call.GetBilledMinutes() >= 1, "the call was not billed")
	fmt.Printf("call: %s %s after %v s; %s\n", call.Id, call.Status, call.GetDurationSeconds(), call.GetSummary())
	fmt.Printf("transcript: %s\n", strings.Join(lines(call), " / "))

	page, _, err := client.CallsAPI.ListCalls(withKey(apiKey)).StatusFilter(pamela.CALLSTATUS_COMPLETED).Limit(100).
		StartDate(call.GetCreatedAt()).Execute()
	must(err == nil, "%v", err)
	found := false
	for _, each := range page.Items {
		found = found || each.Id == call.Id
	}
	must(found, "the call is not listed")
	usage, _, err := client.UsageAPI.GetUsage(withKey(apiKey)).Period(call.GetStartedAt().UTC().Format("2006-01")).Execute()
	must(err == nil, "%v", err)
	must(usage.GetBilledMinutes() >= call.GetBilledMinutes(), "the call's minutes are not in the usage")
	fmt.Printf("usage: %d calls, %d minutes in %s\n", usage.GetCallCount(), usage.GetBilledMinutes(), usage.Period)
}

func waitFor(callID string) *pamela.Call {
	for {
		call, _, err := client.CallsAPI.GetCall(withKey(apiKey), callID).Execute()
		must(err == nil, "%v", err)
		switch call.Status {
		case pamela.CALLSTATUS_QUEUED, pamela.CALLSTATUS_RINGING, pamela.CALLSTATUS_IN_PROGRESS:
		default:
			if len(lines(call)) > 0 {
				return call
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func lines(call *pamela.Call) []string {
	transcript := call.GetTranscript()
	if transcript.String != nil {
		return strings.Split(*transcript.String, "\n")
	}
	found := []string{}
	if transcript.ArrayOfTranscriptEntry != nil {
		for _, entry := range *transcript.ArrayOfTranscriptEntry {
			found = append(found, entry.GetSpeaker()+": "+entry.GetText())
		}
	}
	return found
}

func keepTool() {
	schema := map[string]any{
		"type":       "object",
		"properties": map[string]any{"order_id": map[string]any{"type": "string"}},
		"required":   []string{"order_id"},
	}
	tool := pamela.NewToolDefinition("check_order_status", "Look up an order by ID", schema)
	tool.SetTimeoutMs(60000)
	registered, _, err := client.ToolsAPI.RegisterTool(withKey(apiKey)).
		RegisterToolRequest(*pamela.NewRegisterToolRequest(*tool)).Execute()
	must(err == nil, "%v", err)
	answer, _, err := client.ToolsAPI.ListTools(withKey(apiKey)).Execute()
	must(err == nil, "%v", err)
	tools := answer.ArrayOfTool
	if answer.ToolList != nil {
		tools = &answer.ToolList.Tools
	}
	found := false
	for _, each := range *tools {
		found = found || each.Id == registered.ToolId && each.GetTimeoutMs() == 60000
	}
	must(found, "the tool is not listed")
	deleted, _, err := client.ToolsAPI.DeleteTool(withKey(apiKey), registered.ToolId).Execute()
	must(err == nil && deleted.GetSuccess(), "%v", err)
	fmt.Printf("tool: %s registered and deleted\n", registered.ToolId)
}

func meetErrors() {
	calling := func(key, to string) func() error {
		return func() error {
			wanted := *pamela.NewCreateCallRequest(to, "Test call")
			_, _, err := client.CallsAPI.CreateCall(withKey(key)).CreateCallRequest(wanted).Execute()
			return err
		}
	}
	usage := func(key string) func() error {
		return func() error {
			_, _, err := client.UsageAPI.GetUsage(withKey(key)).Execute()
			return err
		}
	}
	number := "+1234567890"
	failures := map[pamela.ErrorCode]func() error{
		pamela.ERRORCODE_KEY_REQUIRED:          calling("", number),
		pamela.ERRORCODE_INVALID_KEY:           calling("wrong", number),
		pamela.ERRORCODE_EXPIRED_KEY:           calling("pk_live_expired", number),
		pamela.ERRORCODE_SUBSCRIPTION_REQUIRED: calling("pk_live_no_subscription", number),
		pamela.ERRORCODE_VALIDATION_ERROR:      sendBrokenBody,
		pamela.ERRORCODE_INVALID_PHONE_NUMBER:  calling(apiKey, "+15005550011"),
		pamela.ERRORCODE_RATE_LIMIT:            calling("pk_live_rate_limited", number),
		pamela.ERRORCODE_QUOTA:                 calling("pk_live_over_quota", number),
		pamela.ERRORCODE_PARTNER_NOT_FOUND:     usage("pk_live_unknown_partner"),
		pamela.ERRORCODE_PROJECT_NOT_FOUND:     usage("pk_live_unknown_project"),
		pamela.ERRORCODE_CALL_NOT_FOUND: func() error {
			_, _, err := client.CallsAPI.GetCall(withKey(apiKey), "call_0").Execute()
			return err
		},
		pamela.ERRORCODE_NO_NUMBER_FOR_COUNTRY: calling(apiKey, "+15005550012"),
		pamela.ERRORCODE_UNSUPPORTED_COUNTRY:   calling(apiKey, "+15005550013"),
		pamela.ERRORCODE_SUBSCRIPTION_EXPIRED:  calling("pk_live_past_grace", number),
	}
	must(len(failures) == len(pamela.AllowedErrorCodeEnumValues)-1, "a code is missing")
	for code, fail := range failures {
		err := fail()
		var failure interface{ Body() []byte }
		must(errors.As(err, &failure), "%d: %v", code, err)
		must(codeOf(failure.Body()) == code, "%d: %s", code, failure.Body())
	}
	fmt.Printf("errors: %d codes met\n", len(failures))
}

// sendBrokenBody sends a body that no generated client can send.
func sendBrokenBody() error {
	request, _ := http.NewRequest("POST", baseURL+"/api/b2b/v1/calls", strings.NewReader("{"))
	request.Header.Set("Authorization", "Bearer "+apiKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return brokenBodyError(body)
}

type brokenBodyError []byte

func (e brokenBodyError) Error() string { return string(e) }
func (e brokenBodyError) Body() []byte  { return e }

func checkFixtures(directory string) {
	read := func(file string) []byte {
		content, err := os.ReadFile(directory + "/" + file)
		must(err == nil, "%v", err)
		return content
	}
	var manifest struct {
		Secret   string
		Webhooks []struct{ Name, File, Signature string }
		Errors   []struct {
			Name, File string
			Code       *pamela.ErrorCode
		}
	}
	must(json.Unmarshal(read("manifest.json"), &manifest) == nil, "the manifest is not JSON")
	for _, each := range manifest.Webhooks {
		must(verifySignature(read(each.File), each.Signature, manifest.Secret), "%s", each.Name)
		must(!verifySignature(read(each.File), each.Signature, manifest.Secret+"."), "%s", each.Name)
	}
	for _, each := range manifest.Errors {
		if each.Code != nil {
			must(codeOf(read(each.File)) == *each.Code, "%s", each.Name)
			continue
		}
		var failure pamela.ErrorBody
		must(json.Unmarshal(read(each.File), &failure) == nil && failure.ErrorEnvelope != nil, "%s", each.Name)
	}
	fmt.Printf("fixtures: %d webhooks, %d errors\n", len(manifest.Webhooks), len(manifest.Errors))
}

func meetLaterStatus() {
	configuration := pamela.NewConfiguration()
	configuration.Servers = pamela.ServerConfigurations{{URL: os.Getenv("PAMELA_LATER_URL")}}
	call, _, err := pamela.NewAPIClient(configuration).CallsAPI.GetCall(withKey(apiKey), "call_1").Execute()
	must(err == nil, "%v", err)
	must(call.Status == pamela.CALLSTATUS_UNKNOWN_DEFAULT_OPEN_API, "the status is %s", call.Status)
	must(len(lines(call)) == 1, "the transcript is lost")
	fmt.Printf("a status that is added later: %s\n", call.Status)
}

func codeOf(body []byte) pamela.ErrorCode {
	var failure pamela.ErrorBody
	err := json.Unmarshal(body, &failure)
	must(err == nil, "%v: %s", err, body)
	coded, nested := failure.CodedError, failure.NestedError
	if failure.ErrorEnvelope != nil {
		coded, nested = failure.ErrorEnvelope.Detail.CodedError, failure.ErrorEnvelope.Detail.NestedError
	}
	if nested != nil {
		return nested.Error.GetCode()
	}
	return coded.GetErrorCode()
}
