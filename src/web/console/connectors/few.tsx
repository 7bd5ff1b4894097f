import type { ReactNode } from 'react'

/** The first of some words, and how many more there are. */
export function Few({ words }: { readonly words: readonly string[] }): ReactNode {
  const shown = words.slice(0, 3)
  return (
    <>
      {shown.map((word) => (
        <div className="second" key={word}>
          {word}
        </div>
      ))}
      {words.length > shown.length && (
        <div className="second" title={words.join('\n')}>
          and {words.length - shown.length} more
        </div>
      )}
    </>
  )
}
