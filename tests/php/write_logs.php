<?php
// Logs the same records through Monolog's formatters as Laravel configures them, and what they held to expected.json.
// Arguments: the folder.
declare(strict_types=1);
require '/usr/share/php/Monolog/autoload.php';

use Monolog\Formatter\JsonFormatter;
use Monolog\Formatter\LineFormatter;
use Monolog\Handler\RotatingFileHandler;
use Monolog\Handler\StreamHandler;
use Monolog\Logger;

class Thing { public $name = 'ding'; public $n = 3; private $hidden = 'not shown'; }
class Told implements JsonSerializable { public function jsonSerialize(): mixed { return ['told' => true]; } }
class Exposed extends LineFormatter {
    public function plain($value) { return $this->normalize($value); }
}

[$_, $folder] = $argv;
date_default_timezone_set('UTC');
$deep = 'bottom';
for ($i = 0; $i < 8; $i++) { $deep = ['d' => $deep]; }
$event = fn(string $name, array $data, string $trace) => ['event' => $name, 'data' => $data,
    'meta' => ['timestamp' => '2026-11-20T10:00:00.123456Z', 'event_id' => md5($name . $trace), 'service' => 'chat-pipeline', 'version' => '1.0'],
    'correlation' => ['correlation_id' => $trace]];
$records = [
    ['info', 'plain text', []],
    ['info', '', ['empty message' => true]],
    ['warning', 'braces {in} [it]: {"a": 1} and more', ['real' => 'context']],
    ['info', "two\nlines\r\nand \\n none", ['text' => "one\ntwo\r\nthree\ttab", 'slash' => 'C:\\new\\readme', 'quote' => '"q" \\" \'s\'']],
    ['info', 'unicode ✓ é 漢字 🎉', ['clé' => 'ü 漢字 🎉', "emoji 🎉" => "\u{2028}\u{202E}x"]],
    ['info', 'numbers', ['int' => 9007199254740993, 'neg' => -5, 'float' => 0.1, 'whole' => 2.0, 'nan' => NAN, 'inf' => INF, 'null' => null, 'yes' => true, 'no' => false]],
    ['info', 'binary', ['bytes' => "\xff\xfe\x00\x01abc", 'cut' => substr('ééé', 0, 3), 'nul' => "a\0b"]],
    ['info', 'objects', ['thing' => new Thing(), 'told' => new Told(), 'when' => new DateTimeImmutable('2026-11-20 10:00:00.5'), 'empty' => new stdClass(), 'list' => [1, [2, [3]]]]],
    ['info', 'deep', ['deep' => $deep]],
    ['info', 'huge', ['text' => str_repeat('0123456789', 50000), 'last' => 'end']],
    ['info', 'forged', ['after' => "\n[2026-11-20 10:00:00] local.ERROR: nor this {} \n[2026-11-20 10:00:00] local.INFO: {\"x\":1} [] \n"]],
    ['info', 'chat.message.received', $event('chat.message.received', ['content_length' => 3], 'trace-00000001')],
    ['info', 'Tool done', $event('tool.invocation.completed', ['tool_name' => 'fs.read', 'duration_ms' => 12.5, 'success' => true], 'trace-00000001')],
    ['error', 'tool.invocation.failed', $event('tool.invocation.failed', ['tool_name' => 'fs.read', 'duration_ms' => 3, 'error' => "it\nbroke"], 'trace-00000002')],
];
function boom(string $argument): void {
    try { throw new PDOException("gone \"away\"\nfor good", 2006); }
    catch (PDOException $e) { throw new RuntimeException("Boom {1} [2]\nsecond line", 7, $e); }
}
try { boom('x'); } catch (RuntimeException $e) { $records[] = ['error', $e->getMessage(), ['exception' => $e, 'provider' => 'openai', 'more' => ['k' => "v\nw"]]]; }

$line = new Exposed(null, 'Y-m-d H:i:s', true, true);
$line->includeStacktraces(true);
$expected = [];
foreach ($records as [$level, $message, $context]) {
    $expected[] = ['level' => strtoupper($level), 'message' => $message,
        'context' => json_decode(json_encode($line->plain(['context' => $context])['context'], JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION), false)];
}
file_put_contents("$folder/expected.json", json_encode($expected, JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION | JSON_PARTIAL_OUTPUT_ON_ERROR));

@mkdir("$folder/line/storage/logs", 0777, true);
@mkdir("$folder/json/storage/logs", 0777, true);
@mkdir("$folder/daily/storage/logs", 0777, true);
foreach (['line' => $line, 'json' => new JsonFormatter()] as $name => $formatter) {
    if ($formatter instanceof JsonFormatter) { $formatter->includeStacktraces(true); }
    $handler = new StreamHandler("$folder/$name/storage/logs/laravel.log");
    $handler->setFormatter($formatter);
    $logger = new Logger('local', [$handler]);
    if ($name === 'json') { $logger->pushProcessor(function ($record) { $record['extra']['correlation_id'] = 'extra-' . md5($record['message']); $record['extra']['pid'] = 42; return $record; }); }
    foreach ($records as [$level, $message, $context]) { $logger->log($level, $message, $context); }
}
$handler = new RotatingFileHandler("$folder/daily/storage/logs/laravel.log", 3);
$handler->setFormatter($line);
$logger = new Logger('local', [$handler]);
$logger->pushProcessor(function ($record) { $record['extra']['correlation_id'] = 'daily-0001'; return $record; });
foreach ($records as [$level, $message, $context]) { $logger->log($level, $message, $context); }
echo count($records), "\n";
