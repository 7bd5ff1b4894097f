import { Paper, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Problem } from '../../../console/wire/common.ts'
import type { ReloadAnswer } from '../../../console/wire/keys.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { FaultText } from '../../ui/states.tsx'
import { ProblemList } from '../documents/problem-list.tsx'
import type { DocumentProblem } from '../documents/problems.ts'
import { useMayChange } from '../me.ts'

/** The files of the configuration, which can be read again without a restart. */
export function Configuration(): ReactNode {
  const mayChange = useMayChange()()
  const ask = useConfirm()
  const client = useQueryClient()
  const { mutate, data, error, isPending } = useMutation<ReloadAnswer, ApiFault>({
    mutationFn: () => post('/reload'),
    // Whatever is shown may be another now.
    onSettled: () => void client.invalidateQueries(),
  })
  const read = async (): Promise<void> => {
    const answer = await ask({
      title: 'Read the configuration again?',
      body: 'What its files say now holds at once: tunnels that are no longer allowed end. A fault in them changes nothing.',
      action: 'Read it again',
    })
    if (answer !== undefined) mutate()
  }
  return (
    <Paper className="card" p="md" component="section" aria-labelledby="configuration">
      <Title order={2} id="configuration">
        Configuration
      </Title>
      <Text c="dimmed">
        The gateway notices by itself when its files change, and can be asked to read them. Routes
        and policies that are kept here need no reading.
      </Text>
      <div role="status">{data !== undefined && <Read answer={data} />}</div>
      {error !== null && (
        <div role="alert">
          <Text fw={600}>Nothing is changed.</Text>
          <FaultText fault={error} />
          <ProblemList title="To be mended:" problems={error.problems.map(placed)} />
        </div>
      )}
      {mayChange && (
        <BusyButton mt="xs" variant="default" isBusy={isPending} onClick={() => void read()}>
          Read it again …
        </BusyButton>
      )}
    </Paper>
  )
}

function Read({ answer: { routes, need_restart } }: { answer: ReloadAnswer }): ReactNode {
  return (
    <>
      <Text>Read, and in use: {formatNumberOf(routes, 'route')} of the file.</Text>
      {need_restart.length > 0 && (
        <Text>Changed, and in use after a restart: {need_restart.join(', ')}.</Text>
      )}
    </>
  )
}

/** With the file and line where the API says them. */
function placed({ source, line, column, path, ...problem }: Problem): DocumentProblem {
  const place = [source, line, column].filter((part) => part !== undefined).join(':')
  return { ...problem, path: [place, path].filter((part) => part !== '').join(': ') }
}
