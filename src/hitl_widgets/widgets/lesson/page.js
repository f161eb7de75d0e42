(async () => {
  const text = (id) => document.getElementById(id).textContent;
  const load = async (name) => import(URL.createObjectURL(new Blob([text(`code-${name}`)], { type: "text/javascript" })));
  const room = document.getElementById("lesson");
  try {
    const [widget, host] = [await load("lesson"), await load("recorded")];
    await host.show(widget.default, text("recording"), room);
  } catch (error) {
    room.textContent = `This browser cannot show the lesson (${error}). It needs a version of 2023 or later.`;
  }
})();
