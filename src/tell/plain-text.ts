/**
 * Longest text, in characters. Clients of MySQL keep 511 of a message, and both texts stand in one there.
 *
 * @limit a text of what a tool is told at a cut: the rest is left out
 */
const maxChars = 300

/**
 * A text in which no tool finds anything but characters to show: which others it can show depends on what its session
 * has agreed, and a control character would end the message in one protocol or be obeyed by a terminal in another.
 */
export function plainText(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').replaceAll(/[^ -~]/gu, '?')
  return plain.length > maxChars ? `${plain.slice(0, maxChars - 3)}...` : plain
}
