import type { Fault } from '../../../desktop/wire/calls.ts'
import { Button, Paper, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { CommandLine } from '../../ui/command-line.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { sentence } from '../../ui/sentence.ts'
import { useLive } from '../live.ts'
import { words } from '../words.ts'

const { link: said } = words

/** The daemon was there and does not answer: what is shown stays, and is old. */
export function LinkNotice(): ReactNode {
  const { link, daemon, refusal } = useLive()
  return (
    <div role="status">
      {link === 'lost' && daemon !== undefined && (
        <Paper className="card notice" p="md" mb="md">
          {refusal === undefined ? (
            <Stack gap="xs">
              <Text>
                <b>{said.lost}</b> {said.lostStale} {said.lostNext}
              </Text>
              <CommandLine command={said.upCommand} purpose={said.upPurpose} />
            </Stack>
          ) : (
            <Text>
              <b>{sentence(refusal.message)}</b> {said.lostStale} {hintOf(refusal)}
            </Text>
          )}
        </Paper>
      )}
    </div>
  )
}

/** The daemon has not answered since the page was loaded. */
export function LinkLost(): ReactNode {
  const { refusal } = useLive()
  if (refusal !== undefined)
    return <Alone title={sentence(refusal.message)} next={hintOf(refusal)} />
  return (
    <Alone title={said.lost} next={said.lostNext}>
      <CommandLine command={said.upCommand} purpose={said.upPurpose} />
    </Alone>
  )
}

/** The daemon does not know this browser, or no longer; or it is not the daemon who answers. */
export function LinkRefused(): ReactNode {
  const code = useLive().refusal?.code ?? ''
  if (code === 'started-anew' || code === 'proof-refused') {
    return (
      <Alone title={said.anew} next={said.anewNext}>
        <Button onClick={() => location.reload()}>{said.reload}</Button>
      </Alone>
    )
  }
  const isOther = code === 'another-program' || code === 'not-understood'
  return (
    <Alone
      title={isOther ? said.other : said.refused}
      next={isOther ? said.otherNext : said.refusedNext}
    >
      <CommandLine command={said.desktopCommand} purpose={said.desktopPurpose} />
    </Alone>
  )
}

function hintOf({ hint }: Fault): string {
  return hint === undefined ? '' : sentence(hint)
}

interface AloneProps {
  readonly title: string
  readonly next: string
  readonly children?: ReactNode
}

function Alone({ title, next, children }: AloneProps): ReactNode {
  return (
    <div className="narrow" role="alert">
      <PageHead title={title} lead={next} />
      {children}
    </div>
  )
}
