/** Directories that tools fill, and a version control's own. */
const directories = new Set([
  ".git",
  ".hg",
  ".svn",
  ".cocktail",
  "node_modules",
  ".venv",
  "__pycache__",
]);

/** What editors write beside a file while it is open or being saved. */
const temporary = [
  /~$/, // backups; also of JetBrains (___jb_old___ is below)
  /^\.?#/, // Emacs: locks and auto-saves
  /\.sw[a-z]$/, // Vim
  /^4913$/, // Vim, to see whether it may write here
  /___jb_(?:old|tmp)___$/, // JetBrains
  /^\.goutputstream-/, // GNOME
  /^\.subl.*\.tmp$/, // Sublime Text
  /^\.DS_Store$/,
  /\.py[co]$/,
];

/** True for a path, relative to the watched directory, whose changes never count, whatever git says. */
export function isUnwatched(path: string): boolean {
  const parts = path.split("/");
  if (parts.some((part) => directories.has(part))) return true;
  const name = parts.at(-1) ?? "";
  return temporary.some((pattern) => pattern.test(name));
}
