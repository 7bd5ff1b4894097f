import { NativeSelect, Stack, Text, Title } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { ProposedChange } from '../../../console/wire/reach.ts'
import type { KeptForm } from '../documents/kept-form.ts'
import { TryPanel } from '../trial/try-panel.tsx'

export interface TryPolicyProps {
  /** Undefined for one that is not saved yet. */
  readonly id: string | undefined
  readonly form: KeptForm
  readonly usedBy: readonly string[]
  /** Whether it is another one than is saved: only who may save it may try that. */
  readonly isChanged: boolean
  readonly mayChange: boolean
}

/** A route that leads nowhere, to try a policy alone: nothing is dialled. */
const nowhere = {
  id: 'policy-alone',
  from: 'tcp+https://policy.invalid:1',
  // An address of documentation (RFC 5737).
  to: 'tcp://192.0.2.1:1',
}

/** Tries a policy as it is written now, saved or not. */
export function TryPolicy(props: TryPolicyProps): ReactNode {
  const { id, form, usedBy, isChanged, mayChange } = props
  const [chosen, setChosen] = useState(usedBy[0] ?? '')
  const { definition } = form
  const change = { kind: 'policy', definition, disabled: false, ...(id !== undefined && { id }) }
  const { name = '', namespace } = definition
  const alone = {
    ...nowhere,
    policy_names: [name],
    // Who administers that one alone makes no route elsewhere.
    ...(namespace !== undefined && { namespace }),
  }
  const isAlone = chosen === ''
  const changes = [
    ...(isChanged ? [change] : []),
    ...(isAlone ? [{ kind: 'route', definition: alone }] : []),
  ]
  // To try it alone is to try a route that nobody has made.
  if (usedBy.length === 0 && !mayChange) return null
  return (
    <section aria-labelledby="try-policy">
      <Stack gap="sm">
        <div>
          <Title order={2} id="try-policy">
            Try it
          </Title>
          <Text c="dimmed">As it is written above, saved or not.</Text>
        </div>
        {usedBy.length > 0 && (
          <NativeSelect
            label="In the route"
            value={chosen}
            data={[
              ...usedBy,
              ...(mayChange ? [{ value: '', label: 'none: this policy alone' }] : []),
            ]}
            onChange={(event) => setChosen(event.currentTarget.value)}
          />
        )}
        <TryPanel
          route={isAlone ? nowhere.id : chosen}
          changes={changes as readonly ProposedChange[]}
        />
      </Stack>
    </section>
  )
}
