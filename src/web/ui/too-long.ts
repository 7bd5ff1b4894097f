/**
 * What is wrong with a text of more characters than the gateway takes; undefined where nothing is. A field that just takes
 * no more would cut what somebody pastes, and not say so.
 */
export function tooLong(text: string, maxLength: number): string | undefined {
  const { length } = text.trim()
  return length > maxLength ? `Say it in ${maxLength} characters: these are ${length}` : undefined
}

/**
 * Characters of a reason, a note or what a service account is for, as the gateway has it.
 *
 * @limit none: the page says so before the gateway does
 */
export const maxWordsLength = 500
