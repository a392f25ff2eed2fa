# frozen_string_literal: true

# Verifies webhook signatures as docs/reference/webhook-signatures.md describes them.

require 'json'
require 'openssl'

module Signature
  # A number with its original digits.
  Literal = Struct.new(:digits)

  # An object that refuses a duplicate key.
  class StrictObject < Hash
    def []=(key, value)
      raise JSON::ParserError, "the key #{key} comes twice" if key?(key)

      super
    end
  end

  ESCAPES = { '"' => '\"', '\\' => '\\\\', "\b" => '\b', "\t" => '\t', "\n" => '\n', "\f" => '\f', "\r" => '\r' }.freeze

  module_function

  def valid?(body, signature, secret)
    return false unless signature.match?(/\A[0-9a-f]{64}\z/)
    return true if signed?(body, signature, secret)

    form = canonical_form(body)
    !form.nil? && signed?(form, signature, secret)
  end

  def signed?(message, signature, secret)
    OpenSSL.fixed_length_secure_compare(OpenSSL::HMAC.hexdigest('SHA256', secret, message), signature)
  end

  # Returns the canonical form of the JSON object in a body, or nil if the body is not one.
  def canonical_form(body)
    parsed = JSON.parse(body, object_class: StrictObject, decimal_class: Literal)
    write(parsed) if parsed.is_a?(Hash)
  rescue JSON::ParserError
    nil
  end

  def write(value)
    case value
    when Hash then "{#{value.sort.map { |key, member| "#{quote(key)}:#{write(member)}" }.join(',')}}"
    when Array then "[#{value.map { |item| write(item) }.join(',')}]"
    when String then quote(value)
    when Literal then value.digits
    when nil then 'null'
    else value.to_s
    end
  end

  def quote(text)
    escaped = text.each_char.map do |character|
      next ESCAPES[character] if ESCAPES.key?(character)
      next character if (' '..'~').cover?(character)

      character.encode('UTF-16BE').unpack('n*').map { |unit| format('\u%04x', unit) }.join
    end
    "\"#{escaped.join}\""
  end
end
