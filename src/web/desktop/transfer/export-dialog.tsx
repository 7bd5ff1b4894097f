import { Checkbox, Group, Stack, Text } from '@mantine/core'
import '@mantine/core/styles/Checkbox.css'
import { useState, type ReactNode } from 'react'
import type { ExportAnswer } from '../../../desktop/wire/calls.ts'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { SelectField } from '../../ui/select-field.tsx'
import { FaultText, type FaultShown } from '../../ui/states.tsx'
import { call } from '../call.ts'
import { download } from '../download.ts'
import { words } from '../words.ts'

const { export: said } = words

const formats = [
  { value: 'postern', label: said.postern },
  { value: 'pomerium', label: said.pomerium },
] as const

export interface ExportDialogProps {
  readonly connections: readonly ConnectionView[]
  readonly close: () => void
}

/** Connections as a file. */
export default function ExportDialog({ connections, close }: ExportDialogProps): ReactNode {
  const [format, setFormat] = useState<(typeof formats)[number]['value']>('postern')
  const [tags, setTags] = useState(true)
  const [keys, setKeys] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<FaultShown>()
  const [done, setDone] = useState<ExportAnswer>()

  const save = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      const input = { connections: connections.map(({ id }) => id), format, tags, keys }
      const answer = await call('POST /export', { input })
      download(answer.file_name, answer.text)
      notifyDone(said.done(answer.file_name))
      if (answer.left_out.length === 0) close()
      else setDone(answer)
    } catch (error) {
      setFault(error instanceof Error ? error : new Error(String(error)))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog opened onClose={close} title={said.title(connections.length)}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (done !== undefined) close()
          else if (!isBusy) void save()
        }}
      >
        <Stack gap="md">
          <SelectField label={said.format} value={format} options={formats} onChange={setFormat} />
          <Checkbox
            label={said.tags}
            checked={tags}
            onChange={({ currentTarget }) => setTags(currentTarget.checked)}
          />
          <Checkbox
            label={said.keys}
            description={said.keysWarning}
            checked={keys}
            onChange={({ currentTarget }) => setKeys(currentTarget.checked)}
          />
          {fault !== undefined && (
            <div role="alert">
              <Text fw={600}>{said.failed}</Text>
              <FaultText fault={fault} />
            </div>
          )}
          {done !== undefined && <LeftOut answer={done} />}
          <Group justify="flex-end" gap="sm">
            <BusyButton type="submit" isBusy={isBusy}>
              {done === undefined ? said.action : said.close}
            </BusyButton>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

function LeftOut({ answer }: { readonly answer: ExportAnswer }): ReactNode {
  return (
    <div role="status">
      <Text>
        {said.done(answer.file_name)}. {said.leftOut}
      </Text>
      <ul className="bullets">
        {answer.left_out.map((what) => (
          <li key={what}>{what}</li>
        ))}
      </ul>
    </div>
  )
}
