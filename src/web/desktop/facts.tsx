import type { ReactNode } from 'react'
import './facts.css'

export interface FactsProps {
  /** What is said of what; one that is undefined is left out. */
  readonly facts: readonly (readonly [string, ReactNode])[]
}

/** What is known of one thing, one line each. */
export function Facts({ facts }: FactsProps): ReactNode {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
