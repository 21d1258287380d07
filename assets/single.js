// A report in one file: one page is shown at a time, the one that the address names.
(() => {
  "use strict";
  const pages = [...document.querySelectorAll("section.page")];
  function show() {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { /* as it stands */ }
    const target = (name && document.getElementById(name)) || (name.startsWith("t-") && document.getElementById("page-notable")) || pages[0];
    const page = target.closest("section.page") || pages[0];
    for (const other of pages) other.hidden = other !== page;
    for (const link of document.querySelectorAll(".top nav a")) {
      if (link.hash === "#" + page.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (target.tagName === "DETAILS") target.open = true;
    if (target === page) scrollTo(0, 0);
    else target.scrollIntoView();
  }
  addEventListener("hashchange", show);
  show();
})();
