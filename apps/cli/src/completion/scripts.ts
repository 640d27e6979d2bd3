/** Shells with a completion script. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

// The scripts call `cocktail __complete`. Its first output line is `files`, `directories` or `words`; the words follow.

/** Supports bash 3.2 of macOS. Bash splits words at colons, so a candidate is printed without its part before the last colon. */
const bash = `_cocktail() {
  local line="\${COMP_LINE:0:COMP_POINT}" current="" kind="" word
  local -a words
  read -r -a words <<< "$line"
  [[ "$line" == *[[:space:]] ]] || current="\${words[\${#words[@]}-1]}"
  [[ -n "$current" ]] || words+=("")
  COMPREPLY=()
  while IFS= read -r word; do
    if [[ -z "$kind" ]]; then kind="$word"; continue; fi
    [[ "$word" == "$current"* ]] || continue
    [[ "$COMP_WORDBREAKS" == *:* && "$current" == *:* ]] && word="\${word#"\${current%"\${current##*:}"}"}"
    COMPREPLY+=("$word")
  done < <(cocktail __complete -- "\${words[@]:1}" 2>/dev/null)
  local action=""
  case "$kind" in
    files) action=-f ;;
    directories) action=-d ;;
  esac
  [[ -n "$action" ]] || return 0
  # Makes bash append a slash to directories and quote special characters.
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$action" -- "$current")
}
complete -F _cocktail cocktail
`;

const zsh = `#compdef cocktail
_cocktail() {
  local -a lines
  lines=("\${(@f)$(cocktail __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case "$lines[1]" in
    files) _files ;;
    directories) _files -/ ;;
    *) compadd -- "\${(@)lines[2,-1]}" ;;
  esac
}
if [[ "\${funcstack[1]}" == _cocktail ]]; then _cocktail "$@"; else compdef _cocktail cocktail; fi
`;

const fish = `function __cocktail_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (cocktail __complete -- $words[2..-1] 2>/dev/null)
  switch "$lines[1]"
    case files
      __fish_complete_path (commandline -ct)
    case directories
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\\n' $lines[2..-1]
  end
end
complete -c cocktail -f -a '(__cocktail_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
