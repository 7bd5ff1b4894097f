import { Paper, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { TokenKeysAnswer } from '../../../console/wire/keys.ts'
import { get, type ApiFault } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { Moment } from '../../ui/moment.tsx'
import { useMayChange } from '../me.ts'
import { QueryView } from '../../ui/query-view.tsx'
import './settings.css'
import { useTokenRotation } from './use-token-rotation.ts'

/** The keys by which what the identity provider gave is encrypted in the store. */
export function TokenKeys(): ReactNode {
  const query = useQuery<TokenKeysAnswer, ApiFault>({
    queryKey: ['keys', 'tokens'],
    queryFn: ({ signal }) => get('/token-keys', { signal }),
  })
  return (
    <Paper className="card" p="md" component="section" aria-labelledby="token-keys">
      <Title order={2} id="token-keys">
        Keys of stored tokens
      </Title>
      <Text c="dimmed">
        They encrypt the tokens of the identity provider in the store. Rotating encrypts every token
        with a new one, and nobody signs in again.
      </Text>
      <QueryView what="the keys" query={query}>
        {({ items }) => <Keys keys={items} />}
      </QueryView>
    </Paper>
  )
}

function Keys({ keys }: { readonly keys: TokenKeysAnswer['items'] }): ReactNode {
  const mayChange = useMayChange()()
  const { rotate, moved } = useTokenRotation()
  return (
    <>
      <ul className="key-list">
        {keys.map(({ id, from, created_at, current, sessions }) => (
          <li key={id}>
            <code>{id}</code>
            <div className="second">
              {current ? 'current' : 'former'}, of <Moment at={created_at} />,{' '}
              {from === null ? 'made from no secret of now' : `made from ${from}`}, for the tokens
              of {formatNumberOf(sessions, 'session')}
            </div>
          </li>
        ))}
      </ul>
      <Text role="status">
        {moved !== undefined && `Encrypted the tokens of ${formatNumberOf(moved, 'session')} …`}
      </Text>
      {mayChange && (
        <BusyButton
          mt="xs"
          variant="default"
          size="compact-sm"
          isBusy={moved !== undefined}
          onClick={rotate}
        >
          Rotate …
        </BusyButton>
      )}
    </>
  )
}
