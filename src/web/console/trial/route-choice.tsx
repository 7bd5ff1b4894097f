import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { RoutesAnswer } from '../../../console/wire/routes.ts'
import { get, type ApiFault } from '../../ui/api.ts'

/** While somebody types, in milliseconds. */
const searchAfterMs = 250

export interface RouteChoiceProps {
  readonly route: string
  readonly onChange: (route: string) => void
}

/** A route by its id, its name or what it answers to; those that fit are offered. */
export function RouteChoice({ route, onChange }: RouteChoiceProps): ReactNode {
  const [q] = useDebouncedValue(route.trim(), searchAfterMs)
  const { data } = useQuery<RoutesAnswer, ApiFault>({
    queryKey: ['routes', 'choice', q],
    queryFn: ({ signal }) => get<RoutesAnswer>('/routes', { signal, query: { q, limit: 20 } }),
    retry: false,
  })
  return (
    <>
      <TextInput
        label="Route"
        description="Its name, id, or host:port"
        placeholder="db.example.com:5432"
        value={route}
        required
        withAsterisk={false}
        list="known-routes"
        autoComplete="off"
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <datalist id="known-routes">
        {data?.items.map(({ id, name, from }) => (
          <option key={id} value={id}>
            {name} {from}
          </option>
        ))}
      </datalist>
    </>
  )
}
