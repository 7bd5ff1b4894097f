import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ImportAnswer, Problem } from '../../../desktop/wire/calls.ts'
import { describe } from '../problems.ts'
import { words } from '../words.ts'

const { import: said } = words

/** What an import would do, each kind with its names; faults first. */
export function Outcome({ answer }: { readonly answer: ImportAnswer }): ReactNode {
  const { format, added, updated, removed, duplicates, unsupported, faults } = answer
  const isNothing = added.length + updated.length + removed.length === 0 && faults.length === 0
  return (
    <div className="outcome" role="status">
      <Text>{said.format[format]}</Text>
      {faults.length > 0 && (
        <div>
          <Text className="fault" fw={600}>
            {said.faults}
          </Text>
          <ul>
            {faults.map((fault) => (
              <li key={`${fault.path} ${fault.line} ${fault.message}`}>{placed(fault)}</li>
            ))}
          </ul>
        </div>
      )}
      {isNothing && <Text>{said.nothing}</Text>}
      <Names title={said.added(added.length)} names={added} />
      <Names title={said.updated(updated.length)} names={updated} />
      <Names title={said.removed(removed.length)} names={removed} />
      <Names title={said.duplicates(duplicates.length)} names={duplicates} />
      <Names
        title={said.unsupported}
        names={unsupported.map(({ name, why }) => `${name}: ${why}`)}
        isOpen
      />
      <Names title={said.adjusted} names={answer.adjusted} isOpen />
      <Names title={said.unknown} names={answer.unknown_fields} isOpen />
    </div>
  )
}

/** Names of so many are opened at once. */
const maxOpen = 12

interface NamesProps {
  readonly title: string
  readonly names: readonly string[]
  readonly isOpen?: boolean
}

function Names({ title, names, isOpen }: NamesProps): ReactNode {
  if (names.length === 0) return null
  return (
    <details open={isOpen ?? names.length <= maxOpen}>
      <summary>{title}</summary>
      <ul>
        {names.map((name, index) => (
          // A file may name two of them alike.
          <li key={`${index} ${name}`}>{name}</li>
        ))}
      </ul>
    </details>
  )
}

function placed(problem: Problem): string {
  const { path, line } = problem
  const place = [...(line === undefined ? [] : [said.line(line)]), ...(path === '' ? [] : [path])]
  return place.length === 0 ? describe(problem) : `${place.join(', ')}: ${describe(problem)}`
}
