// A period by its two moments, for those who do not drag: the inputs of a form marked data-period, beside its hidden since and until (epoch ms).
window.Telemetry.period = (form, moment, bounds, changed, refused) => {
  "use strict";
  const { start, end, step } = bounds;
  const MINUTE = 60_000;
  const inputs = Object.fromEntries([...form.querySelectorAll("[data-period]")].map((input) => [input.dataset.period, input]));
  const local = (t) => moment(t).replace(" ", "T").slice(0, 16);
  // What the clock of the report's zone says → epoch ms.
  function instant(text) {
    const told = Date.parse(text + "Z");
    const from = (t) => told - (Date.parse(local(t) + "Z") - t);
    return from(from(told));
  }
  const [first, last] = [Math.floor(start / MINUTE) * MINUTE, Math.ceil(end / MINUTE) * MINUTE];

  // Within the window, in whole steps: of the charts where one was dragged over, of minutes where it was typed. Whether there is such a period.
  function choose(from, to, unit = step) {
    const [since, until] = [Math.max(start, Math.floor(from / unit) * unit), Math.min(end, Math.ceil(to / unit) * unit)];
    if (!(since < until)) return false;
    form.elements.since.value = since;
    form.elements.until.value = until;
    changed();
    return true;
  }

  const stands = () => form.elements.since.value + "–" + form.elements.until.value;
  function show() {
    if (refusedAt === stands() || Object.values(inputs).includes(document.activeElement)) return;
    refuse(null);
    for (const [name, input] of Object.entries(inputs)) input.value = form.elements[name].value && local(Number(form.elements[name].value));
  }

  // What was typed stays until there is such a period, or another is chosen: the other moment may still come.
  let refusedAt = null;
  function refuse(why) {
    refusedAt = why && stands();
    for (const input of Object.values(inputs)) input.setAttribute("aria-invalid", String(Boolean(why)));
    if (why) refused(why + (form.elements.since.value ? "; what is shown is of the period chosen before." : "."));
  }

  for (const input of Object.values(inputs)) {
    [input.min, input.max, input.step] = [local(first), local(last), MINUTE / 1000];
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      const [since, until] = [inputs.since, inputs.until].map(({ value }) => (value ? instant(value) : null));
      refuse(null);
      if (since === null && until === null) {
        form.elements.since.value = form.elements.until.value = "";
        changed();
      } else if (!choose(since === null ? first : since, until === null ? last : until, MINUTE)) {
        refuse(since !== null && until !== null && since >= until ? "The period ends before it begins" : "This report is of " + moment(start) + " – " + moment(end));
      }
    });
    input.addEventListener("blur", show);
  }
  return { choose, show };
};
