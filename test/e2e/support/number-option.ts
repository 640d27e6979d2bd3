/** The value of an option that is a number of at least `min`. */
export function numberOption(name: string, text: string, min: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= min) return value;
  throw new Error(`--${name} ${text}: must be a number of at least ${min}`);
}
