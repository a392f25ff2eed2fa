// Webhook signatures as docs/reference/webhook-signatures.md describes them.

package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"
	"unicode/utf16"
)

var signaturePattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func verifySignature(body []byte, signature, secret string) bool {
	if !signaturePattern.MatchString(signature) {
		return false
	}
	if isSignedWith(secret, body, signature) {
		return true
	}
	form, err := canonicalForm(body)
	return err == nil && isSignedWith(secret, []byte(form), signature)
}

func isSignedWith(secret string, message []byte, signature string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(message)
	given, _ := hex.DecodeString(signature)
	return hmac.Equal(mac.Sum(nil), given)
}

// canonicalForm returns the canonical form of the JSON object in a body.
func canonicalForm(body []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	form, err := write(decoder)
	if err != nil {
		return "", err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "", errors.New("something follows the JSON value")
	}
	if !strings.HasPrefix(form, "{") {
		return "", errors.New("the JSON value is not an object")
	}
	return form, nil
}

func write(decoder *json.Decoder) (string, error) {
	token, err := decoder.Token()
	if err != nil {
		return "", err
	}
	switch value := token.(type) {
	case json.Delim:
		if value == '{' {
			return writeObject(decoder)
		}
		return writeArray(decoder)
	case json.Number:
		return value.String(), nil
	case string:
		return quote(value), nil
	case bool:
		return fmt.Sprint(value), nil
	default:
		return "null", nil
	}
}

func writeObject(decoder *json.Decoder) (string, error) {
	members := map[string]string{}
	keys := []string{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return "", err
		}
		key := token.(string)
		if _, found := members[key]; found {
			return "", errors.New("an object has the same key twice")
		}
		keys = append(keys, key)
		if members[key], err = write(decoder); err != nil {
			return "", err
		}
	}
	sort.Strings(keys)
	for i, key := range keys {
		keys[i] = quote(key) + ":" + members[key]
	}
	_, err := decoder.Token()
	return "{" + strings.Join(keys, ",") + "}", err
}

func writeArray(decoder *json.Decoder) (string, error) {
	items := []string{}
	for decoder.More() {
		item, err := write(decoder)
		if err != nil {
			return "", err
		}
		items = append(items, item)
	}
	_, err := decoder.Token()
	return "[" + strings.Join(items, ",") + "]", err
}

var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}

func quote(text string) string {
	var quoted strings.Builder
	for _, character := range text {
		if escape, found := shortEscapes[character]; found {
			quoted.WriteString(escape)
		} else if ' ' <= character && character <= '~' {
			quoted.WriteRune(character)
		} else if high, low := utf16.EncodeRune(character); character > 0xFFFF {
			fmt.Fprintf(&quoted, `\u%04x\u%04x`, high, low)
		} else {
			fmt.Fprintf(&quoted, `\u%04x`, character)
		}
	}
	return `"` + quoted.String() + `"`
}
