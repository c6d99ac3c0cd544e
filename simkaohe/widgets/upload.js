// Choose or drop a file. Its size is checked before it is read, so that a wrong choice costs nothing.
function render({ model, el }) {
  el.classList.add("skh-transfer");
  const label = document.createElement("label");
  const words = document.createElement("span");
  const input = Object.assign(document.createElement("input"), { type: "file" });
  const said = Object.assign(document.createElement("p"), { role: "alert" });
  said.setAttribute("role", "alert");
  label.append(words, input);
  el.append(label, said);

  const show = () => {
    words.textContent = `⇧ ${model.get("words").choose.replace(/[：:]\s*$/, "")}`;
    input.accept = model.get("accept");
    said.textContent = model.get("message");
  };
  const take = async (file) => {
    if (!file) return;
    if (file.size > model.get("limit")) {
      const megabytes = (file.size / 1e6).toFixed(1);
      said.textContent = model.get("words").too_large.replace("{}", megabytes);
      return;
    }
    said.textContent = model.get("words").reading;
    model.send({ name: file.name }, undefined, [await file.arrayBuffer()]);
  };
  input.addEventListener("change", () => {
    take(input.files[0]);
    input.value = ""; // the same file may be chosen again, once it is mended
  });
  el.addEventListener("dragover", (event) => event.preventDefault());
  el.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  model.on("msg:custom", show); // the file has been dealt with
  model.on("change:words change:message change:accept", show);
  show();
}
export default { render };
