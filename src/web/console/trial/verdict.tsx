import { Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { TryAnswer } from '../../../console/wire/try-access.ts'
import { Moment } from '../../ui/moment.tsx'
import { sentence } from '../../ui/sentence.ts'
import { Trace } from './trace.tsx'
import '../documents/documents.css'
import './trial.css'

const outcomes: Readonly<Record<TryAnswer['outcome'], string>> = {
  allow: 'Let in',
  deny: 'Refused',
  'sign-in': 'Asked to sign in',
  'client-certificate': 'Refused without a valid client certificate',
}

/** What would be decided, what that was judged on, and why, criterion by criterion. */
export function Verdict({ answer }: { readonly answer: TryAnswer }): ReactNode {
  const { outcome, blocked, route, who, at, ip, valid_until, assumed, trace } = answer
  return (
    <Paper className="card" p="md" component="section" aria-labelledby="verdict">
      <Stack gap="sm">
        <div role="status">
          <Title
            order={2}
            id="verdict"
            className={outcome === 'allow' && !blocked ? 'row-good' : 'row-bad'}
          >
            {blocked ? 'Refused: they are blocked' : outcomes[outcome]}
          </Title>
          <Text>
            {describeCaller(who)} to {route.name}, at <Moment at={at} />, from {ip}
            {valid_until !== null && (
              <>
                ; it may come out otherwise at <Moment at={valid_until} />
              </>
            )}
            .{blocked && ' Whatever the policy says, which is:'}
          </Text>
        </div>
        {assumed.length > 0 && (
          <div>
            <Text size="sm" fw={600}>
              Taken for granted
            </Text>
            <ul className="problem-list">
              {assumed.map((fact) => (
                <li key={fact}>{sentence(fact)}</li>
              ))}
            </ul>
          </div>
        )}
        <Trace trace={trace} />
      </Stack>
    </Paper>
  )
}

function describeCaller({ kind, email, user_id, groups }: TryAnswer['who']): string {
  if (kind === 'nobody') return 'Somebody who is not signed in'
  const name = email ?? user_id ?? 'somebody'
  if (kind === 'service-account') return `The service account ${name}`
  return groups.length === 0 ? name : `${name} (${groups.join(', ')})`
}
