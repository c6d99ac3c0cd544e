// Sliders and boxes of a notebook have no names of their own for screen readers: the label that
// stands beside them is given to them.

const NAMELESS = ".noUi-handle, .widget-readout, input[type=number]";

export default { render };

function render({ el }) {
  let waiting = false;
  let watched = null;
  let tries = 0; // this may be made before it is put into the page
  const seen = new MutationObserver(later);
  function later() {
    if (!waiting) setTimeout(name, 150);
    waiting = true;
  }
  function name() {
    waiting = false;
    const page = el.closest(".skh-workbench, .skh-page");
    if (!page) {
      if (tries++ < 40) later();
      return;
    }
    if (page !== watched) seen.observe(watched = page, { childList: true, subtree: true });
    for (const control of page.querySelectorAll(NAMELESS)) {
      const own = control.closest(".jupyter-widgets").querySelector(".widget-label");
      const beside = control.closest(".widget-hbox")?.querySelector(":scope > .widget-hslider > .widget-label");
      const label = own?.textContent || beside?.textContent;
      if (label && control.ariaLabel !== label) control.ariaLabel = label;
    }
  }
  later();
  return () => seen.disconnect();
}
