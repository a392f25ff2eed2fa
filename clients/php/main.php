<?php
// Places a call, reads its transcript, lists the tools, gets a 404, and reads a status that is added later.

declare(strict_types=1);

require 'GuzzleHttp/autoload.php';
spl_autoload_register(function (string $class): void {
    $file = __DIR__ . '/client/lib/' . str_replace('\\', '/', substr($class, strlen('Pamela\\'))) . '.php';
    if (str_starts_with($class, 'Pamela\\') && is_file($file)) {
        require $file;
    }
});

use Pamela\Api\CallsApi;
use Pamela\Api\ToolsApi;
use Pamela\ApiException;
use Pamela\Configuration;
use Pamela\Model\CallStatus;
use Pamela\Model\CreateCallRequest;
use Pamela\Model\RegisterToolRequest;
use Pamela\Model\ToolDefinition;
use Pamela\Model\Voice;

function at(string $variable): Configuration
{
    return (new Configuration())->setHost(getenv($variable))->setAccessToken(getenv('PAMELA_API_KEY'));
}

function check(bool $holds, string $message): void
{
    if (!$holds) {
        fwrite(STDERR, "$message\n");
        exit(1);
    }
}

/** @return string[] */
function lines(mixed $transcript): array
{
    if (is_string($transcript)) {
        return explode("\n", $transcript);
    }
    return array_map(fn (object $entry): string => "$entry->speaker: $entry->text", (array) $transcript);
}

$http = new GuzzleHttp\Client();
$calls = new CallsApi($http, at('PAMELA_BASE_URL'));
$tools = new ToolsApi($http, at('PAMELA_BASE_URL'));

$call = $calls->createCall(new CreateCallRequest([
    'to' => '+1234567890', 'task' => 'Schedule a meeting for next week', 'voice' => Voice::FEMALE,
]));
while ($call->getStatus() !== CallStatus::COMPLETED || lines($call->getTranscript()) === []) {
    usleep(100_000);
    $call = $calls->getCall($call->getId());
}
check($call->getStartedAt() instanceof DateTime, 'the call has no start');
$said = lines($call->getTranscript());
printf("transcript: %d lines, the first: %s\n", count($said), $said[0]);

$registered = $tools->registerTool(new RegisterToolRequest(['tool' => new ToolDefinition([
    'name' => 'check_order_status', 'description' => 'Look up an order by ID', 'input_schema' => ['type' => 'object'],
])]));
$answer = $tools->listTools();
$listed = is_array($answer) ? $answer : $answer->tools;
check(in_array($registered->getToolId(), array_column($listed, 'id'), true), 'the tool is not listed');
echo "tools: the one registered is listed\n";

try {
    $calls->getCall('call_0');
    check(false, 'a call that does not exist was found');
} catch (ApiException $error) {
    check($error->getCode() === 404, "the status is {$error->getCode()}");
    check(json_decode((string) $error->getResponseBody())->detail->error_code === 7003, 'the code is another');
    echo "404: code 7003\n";
}

$later = (new CallsApi($http, at('PAMELA_LATER_URL')))->getCall('call_1');
check($later->getStatus() === CallStatus::UNKNOWN_DEFAULT_OPEN_API, "the status is {$later->getStatus()}");
check(count(lines($later->getTranscript())) === 1, 'the transcript is lost');
echo "a status that is added later: {$later->getStatus()}\n";
