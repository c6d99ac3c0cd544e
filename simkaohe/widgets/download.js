// A button that asks the kernel for a file and hands it to the browser.
function render({ model, el }) {
  el.classList.add("skh-transfer");
  const button = Object.assign(document.createElement("button"), { type: "button" });
  button.className = "jupyter-button widget-button";
  const said = document.createElement("span");
  said.setAttribute("role", "alert");
  el.append(button, said);

  const show = () => {
    button.textContent = model.get("label");
    said.textContent = model.get("message");
  };
  button.addEventListener("click", () => {
    button.disabled = true;
    said.textContent = model.get("making");
    model.send({ ask: true });
  });
  model.on("msg:custom", (message, buffers) => {
    button.disabled = false;
    said.textContent = model.get("message");
    if (!message.name) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([buffers[0]]));
    link.download = message.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
  model.on("change:label change:message", show);
  show();
}
export default { render };
