import type { ReactNode } from 'react'
import type { ConnectionState } from '../../desktop/wire/view.ts'
import { toneOf, type Tone } from './tone.ts'
import { stateWords } from './words.ts'

/** How it stands with a connection: in words, with a colour and a sign that tells it without the colour. */
export function StateMark({ state }: { readonly state: ConnectionState }): ReactNode {
  const tone = toneOf(state)
  return (
    <span className="state-mark" data-tone={tone}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden>
        {signs[tone]}
      </svg>
      {stateWords[state]}
    </span>
  )
}

const ring = <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" />
const disc = <circle cx="8" cy="8" r="7" fill="currentColor" />
const line = {
  stroke: 'var(--postern-card)',
  strokeWidth: 2,
  strokeLinecap: 'round',
  fill: 'none',
} as const

const signs: Readonly<Record<Tone, ReactNode>> = {
  off: ring,
  good: (
    <>
      {ring}
      <circle cx="8" cy="8" r="3" fill="currentColor" />
    </>
  ),
  open: (
    <>
      {disc}
      <path d="M5 8.2 7.2 10.4 11 6" {...line} />
    </>
  ),
  wanted: (
    <>
      <path d="M8 1 15.5 14.5H.5Z" fill="currentColor" strokeLinejoin="round" />
      <path d="M8 6v4M8 12.2v.1" {...line} />
    </>
  ),
  bad: (
    <>
      {disc}
      <path d="M5.5 5.5l5 5M10.5 5.5l-5 5" {...line} />
    </>
  ),
  none: (
    <>
      {ring}
      <path d="M4 12 12 4" stroke="currentColor" strokeWidth="2" />
    </>
  ),
}
