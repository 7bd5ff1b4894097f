import { VisuallyHidden } from '@mantine/core'
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react'

type Announce = (text: string) => void

const AnnounceContext = createContext<Announce>(() => undefined)

/** Gives what is inside a voice for screen readers. */
export function AnnounceProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [said, setSaid] = useState({ text: '', count: 0 })
  const announce = useMemo<Announce>(
    () => (text) => setSaid(({ count }) => ({ text, count: count + 1 })),
    [],
  )
  return (
    <AnnounceContext value={announce}>
      {children}
      <VisuallyHidden aria-live="polite" role="status">
        {/* A new element each time: the same words twice are said twice. */}
        <span key={said.count}>{said.text}</span>
      </VisuallyHidden>
    </AnnounceContext>
  )
}

/** Says something to people who do not see the page. */
export function useAnnounce(): Announce {
  return useContext(AnnounceContext)
}
