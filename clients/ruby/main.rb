# frozen_string_literal: true

# Places a call, reads its result, registers and deletes a tool, and gets every error code.

require 'json'
require 'securerandom'
require 'pamela'
require_relative 'signature'

BASE_URL = ENV.fetch('PAMELA_BASE_URL')
API_KEY = ENV.fetch('PAMELA_API_KEY')
NUMBER = '+1234567890'

# The generated unions drop a list whose objects have an unknown field, if the class lists its known fields.
[Pamela::TranscriptEntry, Pamela::Tool].each { |model| model.singleton_class.undef_method(:acceptable_attributes) }

def client(key = API_KEY)
  configuration = Pamela::Configuration.new
  configuration.scheme, configuration.host = BASE_URL.split('://')
  configuration.server_index = nil
  configuration.access_token = key
  Pamela::ApiClient.new(configuration)
end

def calls(key = API_KEY) = Pamela::CallsApi.new(client(key))
def tools(key = API_KEY) = Pamela::ToolsApi.new(client(key))
def usage(key = API_KEY) = Pamela::UsageApi.new(client(key))

def check(holds, message)
  abort(message.to_s) unless holds
end

def check_signatures(file)
  vectors = JSON.parse(File.read(file, encoding: 'UTF-8'))
  vectors['accept'].each do |vector|
    body, secret = vector.values_at('body', 'secret')
    check Signature.canonical_form(body) == vector['canonical'], vector['name']
    check Signature.valid?(body, vector['body_signature'], secret), vector['name']
    check Signature.valid?(body, vector['canonical_signature'], secret), vector['name']
  end
  vectors['refuse'].each do |vector|
    check !Signature.valid?(*vector.values_at('body', 'signature', 'secret')), vector['name']
  end
  puts "signatures: #{vectors['accept'].size} accepted, #{vectors['refuse'].size} refused"
end

def place_call
  wanted = Pamela::CreateCallRequest.new(
    to: NUMBER, task: 'Schedule a meeting for next week', locale: 'en-US', voice: Pamela::Voice::FEMALE
  )
  call = wait_for(calls.create_call(wanted, idempotency_key: SecureRandom.uuid).id)
  check call.status == Pamela::CallStatus::COMPLETED, "the call is #{call.status}"
  check call.started_at && call.billed_minutes >= 1, 'the call was not billed'
  puts "call: #{call.id} #{call.status} after #{call.duration_seconds} s; #{call.summary}"
  puts "transcript: #{lines(call.transcript).join(' / ')}"

  page = calls.list_calls(
    status_filter: Pamela::CallStatus::COMPLETED, limit: 100, start_date: call.created_at.getutc.iso8601(6)
  )
  check page.items.map(&:id).include?(call.id), 'the call is not listed'
  month = usage.get_usage(period: call.started_at.getutc.strftime('%Y-%m'))
  check month.billed_minutes >= call.billed_minutes, "the call's minutes are not in the usage"
  puts "usage: #{month.call_count} calls, #{month.billed_minutes} minutes in #{month.period}"
end

def wait_for(call_id)
  running = [Pamela::CallStatus::QUEUED, Pamela::CallStatus::RINGING, Pamela::CallStatus::IN_PROGRESS]
  loop do
    call = calls.get_call(call_id)
    return call unless running.include?(call.status) || lines(call.transcript).empty?

    sleep 0.1
  end
end

def lines(transcript)
  return transcript.lines(chomp: true) if transcript.is_a?(String)

  (transcript || []).map { |entry| "#{entry.speaker}: #{entry.text}" }
end

def keep_tool
  definition = Pamela::ToolDefinition.new(
    name: 'check_order_status',
    description: 'Look up an order by ID',
    input_schema: { type: 'object', properties: { order_id: { type: 'string' } }, required: ['order_id'] },
    timeout_ms: 60_000
  )
  tool_id = tools.register_tool(Pamela::RegisterToolRequest.new(tool: definition)).tool_id
  answer = tools.list_tools
  list = answer.is_a?(Array) ? answer : answer.tools
  check list.any? { |tool| tool.id == tool_id && tool.timeout_ms == 60_000 }, 'the tool is not listed'
  check tools.delete_tool(tool_id).success, 'the tool was not deleted'
  puts "tool: #{tool_id} registered and deleted"
end

def meet_errors
  calling = lambda do |key, to = NUMBER|
    -> { calls(key).create_call(Pamela::CreateCallRequest.new(to: to, task: 'Test call')) }
  end
  failures = {
    KEY_REQUIRED: calling.call(nil),
    INVALID_KEY: calling.call('wrong'),
    EXPIRED_KEY: calling.call('pk_live_expired'),
    SUBSCRIPTION_REQUIRED: calling.call('pk_live_no_subscription'),
    VALIDATION_ERROR: -> { calls.create_call({}, debug_body: '{') },
    INVALID_PHONE_NUMBER: calling.call(API_KEY, '+15005550011'),
    RATE_LIMIT: calling.call('pk_live_rate_limited'),
    QUOTA: calling.call('pk_live_over_quota'),
    PARTNER_NOT_FOUND: -> { usage('pk_live_unknown_partner').get_usage },
    PROJECT_NOT_FOUND: -> { usage('pk_live_unknown_project').get_usage },
    CALL_NOT_FOUND: -> { calls.get_call('call_0') },
    NO_NUMBER_FOR_COUNTRY: calling.call(API_KEY, '+15005550012'),
    UNSUPPORTED_COUNTRY: calling.call(API_KEY, '+15005550013'),
    SUBSCRIPTION_EXPIRED: calling.call('pk_live_past_grace')
  }
  check failures.size == Pamela::ErrorCode.all_vars.size - 1, 'a code is missing'
  failures.each { |name, fail| check code_of(fail) == Pamela::ErrorCode.const_get(name), name }
  puts "errors: #{failures.size} codes met"
end

def code_of(action)
  action.call
  nil
rescue Pamela::ApiError => e
  code_in(e.response_body)
end

def code_in(body)
  error = Pamela::ErrorBody.build(JSON.parse(body, symbolize_names: true))
  error = error.detail if error.is_a?(Pamela::ErrorEnvelope)
  case error
  when Pamela::NestedError then error.error.code
  when Pamela::CodedError then error.error_code
  end
end

def check_fixtures(directory)
  manifest = JSON.parse(File.read("#{directory}/manifest.json"))
  secret = manifest['secret']
  manifest['webhooks'].each do |webhook|
    body = File.read("#{directory}/#{webhook['file']}", encoding: 'UTF-8')
    check Signature.valid?(body, webhook['signature'], secret), webhook['name']
    check !Signature.valid?(body, webhook['signature'], "#{secret}."), webhook['name']
  end
  manifest['errors'].each do |error|
    check code_in(File.read("#{directory}/#{error['file']}")) == error['code'], error['name']
  end
  puts "fixtures: #{manifest['webhooks'].size} webhooks, #{manifest['errors'].size} errors"
end

def meet_later_status
  configuration = Pamela::Configuration.new
  configuration.scheme, configuration.host = ENV.fetch('PAMELA_LATER_URL').split('://')
  configuration.server_index = nil
  call = Pamela::CallsApi.new(Pamela::ApiClient.new(configuration)).get_call('call_1')
  check call.status == Pamela::CallStatus::UNKNOWN_DEFAULT_OPEN_API, "the status is #{call.status}"
  check lines(call.transcript).size == 1, 'the transcript is lost'
  puts "a status that is added later: #{call.status}"
end

check_signatures(ARGV.fetch(0))
check_fixtures(ENV.fetch('PAMELA_FIXTURES'))
place_call
keep_tool
meet_errors
meet_later_status
