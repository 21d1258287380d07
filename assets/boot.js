// Unpacks the scripts of a one-file report; the page's policy names the hash of what may come out.
(async () => {
  "use strict";
  const packed = Uint8Array.from(atob(document.getElementById("packed").textContent.trim()), (letter) => letter.charCodeAt(0));
  const code = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const policy = window.trustedTypes ? trustedTypes.createPolicy("boot", { createScript: (text) => text }) : null;
  const script = document.createElement("script");
  script.textContent = policy ? policy.createScript(code) : code;
  document.body.append(script);
})();
