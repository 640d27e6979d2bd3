/** Places the order without leaving the page. Text goes in as text, never as markup. */
export const pageScript = `
const button = document.getElementById("checkout");
const result = document.getElementById("result");
const make = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text, className: className ?? "" });
const badge = ({ service, variant, version }) => {
  const tier = variant === "stable" || variant === "rc" ? variant : "branch";
  const item = make("li", service, "badge " + tier);
  item.append(make("b", ":" + variant), " ", make("small", version));
  return item;
};
const show = (status, body) => {
  if (status !== 201) {
    const refused = make("p", " " + (body.detail ?? ""), "problem");
    refused.prepend(make("b", status + " " + (body.title ?? "")));
    return result.replaceChildren(refused);
  }
  const { order, answeredBy } = body;
  const paid = "Paid by " + order.payment.method + ", settled in " + order.payment.settledIn + ", fee \\u20ac " + (order.payment.feeCents / 100).toFixed(2) + ".";
  const told = "Confirmed by " + order.notification.channel + ". Delivery: " + order.delivery + ".";
  const chain = make("ol", "");
  chain.append(...answeredBy.map(badge));
  result.replaceChildren(make("p", paid), make("p", told), chain);
};
button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const response = await fetch("/api/checkout", { method: "POST" });
    show(response.status, await response.json().catch(() => ({})));
  } catch (error) {
    show(0, { title: "Unreachable", detail: String(error) });
  } finally {
    button.disabled = false;
  }
});
`;
