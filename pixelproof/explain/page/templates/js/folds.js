// Opens what an address or a link names, where it is folded: not every browser does so by itself.

function unfold(id) {
  const target = id && document.getElementById(id);
  if (!target) return;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
}

export function unfoldByAddress() {
  const named = () => unfold(decodeURIComponent(location.hash.slice(1)));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) setTimeout(() => unfold(decodeURIComponent(link.hash.slice(1)))); // also where the address stays the same
  });
  addEventListener("hashchange", named);
  named();
}
