import {
  Button,
  Checkbox,
  FileButton,
  Group,
  Paper,
  Stack,
  Text,
  Textarea,
  Title,
} from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState, type ReactNode } from 'react'
import type { ImportAnswer, ImportRequest } from '../../../console/wire/documents.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { FaultText } from '../../ui/states.tsx'
import { ProblemList } from '../documents/problem-list.tsx'
import { useRefetchDocuments } from '../documents/use-document.ts'
import { notifyDone } from '../../ui/notify.ts'
import { ImportChanges } from './import-changes.tsx'

/** YAML into the store, in two steps: what would change is shown first. */
export function Import(): ReactNode {
  const [text, setText] = useState('')
  const [source, setSource] = useState<string>()
  const [isPruning, setPruning] = useState(false)
  // Whoever mends the file chooses it again, of which a browser tells nothing while it is the one chosen.
  const forgetFile = useRef<() => void>(null)
  const refetch = useRefetchDocuments()
  const request = { text, prune: isPruning, ...(source !== undefined && { source }) }
  const look = useMutation<ImportAnswer, ApiFault, ImportRequest>({ mutationFn: importInto })
  const apply = useMutation<ImportAnswer, ApiFault, ImportRequest>({
    mutationFn: importInto,
    onSuccess: async ({ changes }) => {
      notifyDone(`${formatNumberOf(changes.length, 'change')} imported`)
      look.reset()
      await refetch()
    },
  })
  const write = (written: string): void => {
    setText(written)
    look.reset()
    apply.reset()
  }
  const fault = apply.error ?? look.error
  const seen = look.data
  return (
    <Paper className="card" p="md" component="section" aria-labelledby="import">
      <Stack gap="sm">
        <div>
          <Title order={2} id="import">
            Import
          </Title>
          <Text c="dimmed">
            What would change is shown before anything does. Other keys of a configuration file are
            passed over.
          </Text>
        </div>
        <Group gap="sm">
          <FileButton
            accept=".yaml,.yml,.json"
            resetRef={forgetFile}
            onChange={(file) => void read(file)}
          >
            {(props) => (
              <Button variant="default" {...props}>
                Choose a file …
              </Button>
            )}
          </FileButton>
          {source !== undefined && <Text>{source}</Text>}
        </Group>
        <Textarea
          label="YAML"
          value={text}
          rows={10}
          spellCheck={false}
          classNames={{ input: 'import-text' }}
          onChange={(event) => {
            setSource(undefined)
            write(event.currentTarget.value)
          }}
        />
        <Checkbox
          label="Delete stored routes and policies that it does not have"
          checked={isPruning}
          onChange={(event) => {
            setPruning(event.currentTarget.checked)
            look.reset()
          }}
        />
        <div>
          <BusyButton
            variant={seen === undefined ? 'filled' : 'default'}
            isBusy={look.isPending}
            disabled={text.trim() === ''}
            onClick={() => look.mutate({ ...request, dry_run: true })}
          >
            Show what would change
          </BusyButton>
        </div>
        {fault !== null && (
          <div role="alert">
            <FaultText fault={fault} />
            <ProblemList title="To be mended:" problems={fault.problems} />
          </div>
        )}
        {seen !== undefined && (
          <ImportChanges
            answer={seen}
            isBusy={apply.isPending}
            onApply={() => apply.mutate({ ...request, based_on: seen.based_on })}
          />
        )}
      </Stack>
    </Paper>
  )

  async function read(file: File | null): Promise<void> {
    if (file === null) return
    write(await file.text())
    setSource(file.name)
    forgetFile.current?.()
  }
}

function importInto(request: ImportRequest): Promise<ImportAnswer> {
  return post<ImportAnswer>('/import', request)
}
