// A period by its two moments, for those who do not drag: the inputs of a form marked data-period, beside its hidden since and until (epoch ms).
window.Telemetry.period = (form, moment, bounds, changed, refused) => {
  "use strict";
  const { start, end, step } = bounds;
  const inputs = Object.fromEntries([...form.querySelectorAll("[data-period]")].map((input) => [input.dataset.period, input]));
  const local = (t) => moment(t).replace(" ", "T").slice(0, 16);
  // What the clock of the report's zone says → epoch ms.
  function instant(text) {
    const told = Date.parse(text + "Z");
    const from = (t) => told - (Date.parse(moment(t).replace(" ", "T") + "Z") - t);
    return from(from(told));
  }
  const [first, last] = [Math.floor(start / step) * step, Math.ceil(end / step) * step];

  // In whole steps within the window; whether there is such a period.
  function choose(from, to) {
    const [since, until] = [Math.max(start, Math.floor(from / step) * step), Math.min(end, Math.ceil(to / step) * step)];
    if (!(since < until)) return false;
    form.elements.since.value = since;
    form.elements.until.value = until;
    changed();
    return true;
  }

  function show() {
    if (isRefused || Object.values(inputs).includes(document.activeElement)) return;
    for (const [name, input] of Object.entries(inputs)) input.value = form.elements[name].value && local(Number(form.elements[name].value));
  }

  // What was typed stays until there is such a period: the other moment may still come.
  let isRefused = false;
  for (const input of Object.values(inputs)) {
    [input.min, input.max, input.step] = [local(first), local(last), step / 1000];
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      const [since, until] = [inputs.since, inputs.until].map(({ value }) => (value ? instant(value) : null));
      isRefused = false;
      if (since === null && until === null) {
        form.elements.since.value = form.elements.until.value = "";
        changed();
      } else if (!choose(since === null ? first : since, until === null ? last : until)) {
        isRefused = true;
        refused();
      }
    });
    input.addEventListener("blur", show);
  }
  return { choose, show };
};
