<?php
// URLs as PHP takes them apart: base64 lines in, JSON lines out (false where it cannot).
while (($line = fgets(STDIN)) !== false) {
    echo json_encode(parse_url(base64_decode(trim($line)))), "\n";
}
