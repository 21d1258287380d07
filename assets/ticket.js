// “Copy for ticket”: what stands below as text, made when the report was. A click copies it; nothing leaves the page otherwise.
(() => {
  "use strict";
  const { el, copy } = window.Telemetry;

  function ready() {
    for (const place of document.querySelectorAll("details.ticket")) {
      if (place.previousElementSibling && place.previousElementSibling.classList.contains("copy")) continue;
      const said = el("span", { class: "soft", role: "status" });
      const take = async () => { said.textContent = (await copy("ticket.md", place.querySelector("pre").textContent)) ? " copied" : " saved"; };
      place.before(el("p", { class: "copy" }, el("button", { type: "button", click: take }, "Copy for ticket"), said));
    }
  }
  addEventListener("telemetry-renewed", ready);
  ready();
})();
