// A report in one file: one page is shown at a time, the one that the address names: #page-NAME, what its filter is asked for behind a &;
// a place in it; or #t-ID, a trace.
(() => {
  "use strict";
  const pages = [...document.querySelectorAll("section.page")];
  const viewer = document.getElementById("trace");
  if (viewer) viewer.dataset.prefix = "t-";
  const decoded = (text) => { try { return decodeURIComponent(text); } catch { return text; } };

  // As reporter/site/single.py has it.
  function local(href) {
    const [, page, anchor] = /^([\w-]+)\.html(?:#(.*))?$/.exec(href) || [];
    if (!page) return null;
    if (page === "trace") return anchor ? "#t-" + anchor : "#page-trace";
    if (!document.getElementById("page-" + page)) return "#left-out";
    return anchor && !anchor.includes("=") ? "#" + anchor : "#page-" + page + (anchor ? "&" + anchor : "");
  }

  const FOREIGN = 'a[href*=".html"]';
  function mend(added) {
    for (const link of [...(added.matches(FOREIGN) ? [added] : []), ...added.querySelectorAll(FOREIGN)]) {
      const there = local(link.getAttribute("href"));
      if (there) link.setAttribute("href", there);
    }
  }

  // What the address asks of a page stands in the one filter.
  function fill(asked) {
    const form = document.getElementById("page-filters");
    if (!form || !asked) return;
    const wanted = new URLSearchParams(asked);
    for (const field of form.elements) {
      if (field.name === "operation" && wanted.get("operation") && ![...field.options].some((one) => one.value === wanted.get("operation"))) field.append(new Option(wanted.get("operation")));
      if (field.name) field.value = wanted.get(field.name) || "";
    }
    dispatchEvent(new Event("telemetry-set"));
  }

  function show() {
    const text = location.hash.slice(1);
    const at = text.indexOf("&");
    const name = decoded(at < 0 ? text : text.slice(0, at));
    const isTrace = name.startsWith("t-") && viewer;
    const target = isTrace ? viewer : (name && document.getElementById(name)) || pages[0];
    // What stands in no page leaves the one that is shown.
    const page = target.closest("section.page") || pages.find((one) => !one.hidden) || pages[0];
    for (const other of pages) other.hidden = other !== page;
    for (const link of document.querySelectorAll(".top nav a")) {
      if (link.hash === "#" + page.id || (isTrace && link.hash === "#page-traces")) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const form = document.getElementById("page-filters");
    if (form) form.classList.toggle("away", ["page-trace", "page-logs", "page-notable"].includes(page.id));
    for (const label of document.querySelectorAll(".of-traces")) label.hidden = page.id !== "page-traces";
    if (target.tagName === "DETAILS") target.open = true;
    if (name === "left-out") target.focus();
    else if (target === page || isTrace) scrollTo(0, 0);
    else target.scrollIntoView();
    if (at >= 0 && name.startsWith("page-") && name !== "page-logs") queueMicrotask(() => fill(text.slice(at + 1)));
  }
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) mend(node);
  }).observe(document.body, { childList: true, subtree: true });
  addEventListener("hashchange", show);
  show();
})();
