// "Predict, then reveal": a reader's number is compared with the answer, which stands folded below it.

export function askQuestions() {
  document.querySelectorAll(".question").forEach(ask);
}

function ask(question) {
  const [input, said, answer] = ["input", ".said", "details"].map((selector) => question.querySelector(selector));
  const judge = () => {
    const guess = Number(input.value.replace(/[,\s]/g, "").replace("\u2212", "-"));
    if (Number.isNaN(guess)) return (said.textContent = "Please type a number.");
    const right = Math.abs(guess - Number(question.dataset.answer)) < 1e-9;
    said.textContent = right ? "Right." : "Not that. Think again, or reveal the answer.";
    if (right) answer.open = true;
  };
  question.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) judge();
    else said.textContent = "";
  });
}
