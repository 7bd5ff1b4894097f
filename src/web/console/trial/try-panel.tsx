import { Paper, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { ProposedChange } from '../../../console/wire/reach.ts'
import type { TryAnswer, TryRequest } from '../../../console/wire/try-access.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { FaultText } from '../../ui/states.tsx'
import { seesAll, useMe } from '../me.ts'
import { CallerFields, callerOf, nobodyYet, type TriedCaller } from './caller-fields.tsx'
import './trial.css'
import { Verdict } from './verdict.tsx'
import { WhoCan } from './who-can.tsx'

export interface TryPanelProps {
  /** Id of the route that is tried; a field asks for it where it is undefined. */
  readonly route: string | undefined
  /** What the field begins with. */
  readonly initialRoute?: string
  /** What is not saved yet, and judged as if it were. */
  readonly changes?: readonly ProposedChange[]
  /** What to offer in the field of the route. */
  readonly routeField?: (route: string, set: (route: string) => void) => ReactNode
}

/** Asks what would be decided for somebody, at a time, from an address. */
export function TryPanel({
  route,
  initialRoute = '',
  changes,
  routeField,
}: TryPanelProps): ReactNode {
  const me = useMe()
  const [caller, setCaller] = useState<TriedCaller>(nobodyYet)
  const [chosen, setChosen] = useState(initialRoute)
  const [at, setAt] = useState('')
  const [ip, setIp] = useState('')
  const attempt = useMutation<TryAnswer, ApiFault, TryRequest>({
    mutationFn: (request) => post<TryAnswer>('/try', request),
  })
  const wanted = route ?? chosen.trim()
  const ask = (): void =>
    attempt.mutate({
      ...callerOf(caller),
      route: wanted,
      ...(at !== '' && { at: new Date(at).toISOString() }),
      ...(ip.trim() !== '' && { ip: ip.trim() }),
      ...(changes !== undefined && changes.length > 0 && { changes: [...changes] }),
    })
  return (
    <Stack gap="md">
      <Paper className="card" p="md">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            ask()
          }}
        >
          <Stack gap="sm">
            <div className="trial-fields">
              <CallerFields caller={caller} onChange={setCaller} />
              {route === undefined && routeField?.(chosen, setChosen)}
              <TextInput
                label="When"
                description="Now, where it is empty"
                type="datetime-local"
                value={at}
                onChange={(event) => setAt(event.currentTarget.value)}
              />
              <TextInput
                label="From the address"
                description="Of no network, where it is empty"
                placeholder="192.0.2.7"
                value={ip}
                onChange={(event) => setIp(event.currentTarget.value)}
              />
            </div>
            <div>
              <BusyButton type="submit" isBusy={attempt.isPending} disabled={wanted === ''}>
                Try it
              </BusyButton>
            </div>
          </Stack>
        </form>
      </Paper>
      {attempt.isError && (
        <Paper className="card notice" p="md" role="alert">
          <FaultText fault={attempt.error} />
        </Paper>
      )}
      {attempt.data !== undefined && <Verdict answer={attempt.data} />}
      {changes === undefined && seesAll(me) && <WhoCan route={wanted} />}
    </Stack>
  )
}
