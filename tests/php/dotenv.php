<?php
// Reads .env texts as phpdotenv does: base64 lines in, JSON lines out (null where it refuses the text).
require '/usr/share/php/Dotenv/autoload.php';

while (($line = fgets(STDIN)) !== false) {
    $text = base64_decode(trim($line));
    try {
        // As from a file: what is no UTF-8 is replaced, a byte order mark goes.
        $text = Dotenv\Util\Str::utf8($text)->success()->get();
        echo json_encode(Dotenv\Dotenv::parse($text), JSON_FORCE_OBJECT), "\n";
    } catch (Dotenv\Exception\ExceptionInterface $exc) {
        echo "null\n";
    }
}
