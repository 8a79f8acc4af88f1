// Without it everything is readable; it adds how old the page is, and what copies.
const ago = (s) => (s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`);
for (const time of document.querySelectorAll("time[datetime]")) {
  const seconds = Math.round((Date.now() - Date.parse(time.dateTime)) / 1000);
  if (seconds >= 0) time.nextElementSibling.textContent = ` (${ago(seconds)} before this page was opened)`;
}
for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = document.getElementById(button.dataset.copies);
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent.trim());
      button.textContent = "Copied";
    } catch {
      text.hidden = false;
      getSelection().selectAllChildren(text);
      button.textContent = document.execCommand("copy") ? "Copied" : "Selected: copy it";
    }
    setTimeout(() => (button.textContent = label), 2000);
  });
}
