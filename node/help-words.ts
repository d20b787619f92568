/** Where commander's help is not what a person asks for: `help data push`, and help about what does not exist. */
import type { Command } from 'commander'

/**
 * The words to parse for the words typed. commander's own `help data push` prints the help of `data`, and
 * `nonsense --help` that of what is above it, as if all were fine: this ends as any unknown command does.
 */
export function wordsFor(program: Command, typed: readonly string[]): readonly string[] {
  // Help with help is what there is at all.
  const about = typed.slice(typed[1] === 'help' ? 2 : 1)
  const words = typed[0] === 'help' ? [...about, '--help'] : typed
  if (!words.includes('--help') && !words.includes('-h')) return words
  let above = program
  for (const word of words) {
    if (word.startsWith('-') || above.commands.length === 0) return words
    const found = above.commands.find((command) => command.name() === word)
    if (!found) return above.error(`error: unknown command '${word}'`)
    above = found
  }
  return words
}
