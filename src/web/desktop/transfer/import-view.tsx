import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { ImportAnswer } from '../../../desktop/wire/calls.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { takeLostFocus } from '../../ui/focus-keeper.ts'
import { notifyDone } from '../../ui/notify.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { SelectField } from '../../ui/select-field.tsx'
import { FaultText, type FaultShown } from '../../ui/states.tsx'
import { call, type DaemonFault } from '../call.ts'
import { useOnward } from '../use-onward.ts'
import { words } from '../words.ts'
import { FileDrop, type ChosenFile } from './file-drop.tsx'
import { Outcome } from './outcome.tsx'
import './transfer.css'

const { import: said } = words

type Duplicates = 'skip' | 'keep'

/** A file's connections: first what would be done, then it is. */
export default function ImportView(): ReactNode {
  const [file, setFile] = useState<ChosenFile>()
  return (
    <div className="narrow">
      <PageHead title={said.title} lead={said.lead} />
      {file === undefined ? (
        <FileDrop choose={setFile} />
      ) : (
        <Trial key={file.key} file={file} other={() => setFile(undefined)} />
      )}
    </div>
  )
}

interface TrialProps {
  readonly file: ChosenFile
  readonly other: () => void
}

function Trial({ file, other }: TrialProps): ReactNode {
  const [duplicates, setDuplicates] = useState<Duplicates>('skip')
  const query = useQuery<ImportAnswer, DaemonFault>({
    queryKey: ['import', file.key, duplicates],
    queryFn: ({ signal }) =>
      call('POST /import', { input: { text: file.text, duplicates, is_trial: true }, signal }),
    placeholderData: (before) => before,
    staleTime: Infinity,
  })
  return (
    <Paper className="card" p="lg">
      <Stack gap="md">
        <Group justify="space-between" gap="sm">
          <Text ref={takeLostFocus} tabIndex={-1} fw={600}>
            {said.file(file.name)}
          </Text>
          <Button variant="default" size="compact-sm" onClick={other}>
            {said.other}
          </Button>
        </Group>
        <QueryView what={said.checking} query={query}>
          {(answer) => (
            <Planned
              file={file}
              answer={answer}
              duplicates={duplicates}
              setDuplicates={setDuplicates}
            />
          )}
        </QueryView>
      </Stack>
    </Paper>
  )
}

interface PlannedProps {
  readonly file: ChosenFile
  readonly answer: ImportAnswer
  readonly duplicates: Duplicates
  readonly setDuplicates: (duplicates: Duplicates) => void
}

function Planned({ file, answer, duplicates, setDuplicates }: PlannedProps): ReactNode {
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<FaultShown>()
  const [refused, setRefused] = useState<ImportAnswer>()
  const onward = useOnward()
  const shown = refused ?? answer
  const count = shown.added.length + shown.updated.length
  const isPossible = shown.faults.length === 0 && count > 0

  const take = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      const input = { text: file.text, duplicates, is_trial: false }
      const done = await call('POST /import', { input })
      if (done.faults.length > 0) return setRefused(done)
      notifyDone(said.done(done.added.length + done.updated.length))
      onward('/')
    } catch (error) {
      setFault(error instanceof Error ? error : new Error(String(error)))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack gap="md">
      <Outcome answer={shown} />
      {shown.duplicates.length > 0 && (
        <SelectField
          label={said.duplicatesLabel}
          value={duplicates}
          onChange={setDuplicates}
          options={[
            { value: 'skip', label: said.skip },
            { value: 'keep', label: said.keep },
          ]}
        />
      )}
      {fault !== undefined && (
        <div role="alert">
          <Text fw={600}>{said.failed}</Text>
          <FaultText fault={fault} />
        </div>
      )}
      <div>
        <BusyButton isBusy={isBusy} disabled={!isPossible} onClick={() => void take()}>
          {said.action}
        </BusyButton>
      </div>
    </Stack>
  )
}
