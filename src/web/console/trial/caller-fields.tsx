import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { TryRequest } from '../../../console/wire/try-access.ts'
import { get, type ApiFault } from '../../ui/api.ts'

/** Whom a trial is about. */
export interface TriedCaller {
  readonly kind: 'person' | 'service-account' | 'nobody'
  readonly who: string
}

export const nobodyYet: TriedCaller = { kind: 'person', who: '' }

/** As the API takes them. */
export function callerOf({
  kind,
  who,
}: TriedCaller): Pick<TryRequest, 'person' | 'service_account'> {
  const name = who.trim()
  if (kind === 'nobody' || name === '') return {}
  return kind === 'person' ? { person: name } : { service_account: name }
}

const kinds = [
  { value: 'person', label: 'a person' },
  { value: 'service-account', label: 'a service account' },
  { value: 'nobody', label: 'somebody not signed in' },
] as const

export interface CallerFieldsProps {
  readonly caller: TriedCaller
  readonly onChange: (caller: TriedCaller) => void
}

/** Somebody who is signed in is offered; anybody may be typed. */
export function CallerFields({ caller, onChange }: CallerFieldsProps): ReactNode {
  const { kind, who } = caller
  const known = useKnownPeople(who, kind === 'person')
  return (
    <>
      <NativeSelect
        label="For"
        description="Whom it is decided for"
        value={kind}
        data={[...kinds]}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...caller, kind: kinds.find((one) => one.value === value)?.value ?? 'person' })
        }
      />
      {kind !== 'nobody' && (
        <TextInput
          label={kind === 'person' ? 'Person' : 'Service account'}
          description={kind === 'person' ? 'Email address, or user id' : 'Its id'}
          placeholder={kind === 'person' ? 'ada@example.com' : 'backup'}
          value={who}
          required
          withAsterisk={false}
          list="known-people"
          autoComplete="off"
          onChange={(event) => onChange({ ...caller, who: event.currentTarget.value })}
        />
      )}
      <datalist id="known-people">
        {known.map((email) => (
          <option key={email} value={email} />
        ))}
      </datalist>
    </>
  )
}

interface Sessions {
  readonly items: readonly { readonly email: string | null; readonly user: string }[]
}

/** While somebody types, in milliseconds. */
const searchAfterMs = 250

/** People who are signed in now and fit what is typed. */
function useKnownPeople(typed: string, isWanted: boolean): readonly string[] {
  const [q] = useDebouncedValue(typed.trim(), searchAfterMs)
  const { data } = useQuery<Sessions, ApiFault>({
    queryKey: ['sessions', 'known', q],
    queryFn: ({ signal }) => get<Sessions>('/sessions', { signal, query: { q, limit: 20 } }),
    enabled: isWanted,
    retry: false,
  })
  return [...new Set(data?.items.map(({ email, user }) => email ?? user) ?? [])]
}
