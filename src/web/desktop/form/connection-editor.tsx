import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState, type ReactNode, type SyntheticEvent } from 'react'
import { useLocation } from 'wouter'
import type { Problem } from '../../../desktop/wire/calls.ts'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { KeptNotice } from '../../ui/leaving/kept-notice.tsx'
import { forgetUnsaved, useUnsaved } from '../../ui/leaving/unsaved.ts'
import { notifyDone, notifyFailed } from '../../ui/notify.ts'
import { FaultText, type FaultShown } from '../../ui/states.tsx'
import { call, DaemonFault } from '../call.ts'
import { describe, elsewhere } from '../problems.ts'
import { useOnward } from '../use-onward.ts'
import { words } from '../words.ts'
import { ConnectionFields, formKeys } from './connection-fields.tsx'
import { callOf, missingOf, type ConnectionForm } from './connection-form.ts'
import './form.css'
import { useDraft } from './use-draft.ts'

const { form: said } = words

export interface ConnectionEditorProps {
  /** Names what is typed in it, in this tab. */
  readonly draftKey: string
  readonly saved: ConnectionForm
  /** The one that is changed; absent for a new one. */
  readonly connection?: ConnectionView
}

interface Failure {
  readonly fault: FaultShown
  readonly problems: readonly Problem[]
}

/** A form that is kept until it is saved, and says at each field what is wrong with it. */
export function ConnectionEditor(props: ConnectionEditorProps): ReactNode {
  const { draftKey, saved, connection } = props
  const draft = useDraft(draftKey, saved)
  const [failure, setFailure] = useState<Failure>()
  const [busy, setBusy] = useState<'save' | 'connect'>()
  const [, navigate] = useLocation()
  const onward = useOnward()
  const fields = useRef<HTMLFormElement>(null)
  useUnsaved(draft.isChanged, draft.form.trust.keyText === '')
  useEffect(() => {
    if (failure !== undefined)
      fields.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [failure])

  const save = async (isToConnect: boolean): Promise<void> => {
    const missing = missingOf(draft.form)
    if (missing.length > 0)
      return setFailure({
        fault: { message: said.notSaved },
        problems: missing.map((path) => ({ path, message: said.required })),
      })
    setBusy(isToConnect ? 'connect' : 'save')
    setFailure(undefined)
    try {
      const input = callOf(draft.form, connection?.settings)
      const now =
        connection === undefined
          ? await call('POST /connections', { input })
          : await call('PUT /connections/:id', { id: connection.id, input })
      draft.discard()
      forgetUnsaved()
      notifyDone(said.saved(now.settings.name))
      if (isToConnect)
        await call('POST /up', { input: { connections: [now.id] } }).catch((error: unknown) =>
          notifyFailed(words.actions.notConnected, error),
        )
      onward(`/connections/${encodeURIComponent(now.id)}`)
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error))
      setFailure({ fault, problems: error instanceof DaemonFault ? error.problems : [] })
    } finally {
      setBusy(undefined)
    }
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (busy === undefined) void save(false)
  }
  return (
    <form ref={fields} noValidate onSubmit={submit}>
      <Stack gap="md">
        {draft.isOvertaken ? (
          <Overtaken discard={draft.discard} />
        ) : (
          draft.wasKept && <KeptNotice onDiscard={draft.discard} />
        )}
        {failure !== undefined && <FailureNotice failure={failure} />}
        <Paper className="card" p="lg">
          <ConnectionFields
            form={draft.form}
            change={draft.change}
            problems={failure?.problems ?? []}
            connection={connection}
          />
        </Paper>
        <Group gap="sm">
          <BusyButton type="submit" isBusy={busy === 'save'}>
            {said.save}
          </BusyButton>
          {connection?.is_up !== true && draft.form.protocol === 'tcp' && (
            <BusyButton
              variant="default"
              isBusy={busy === 'connect'}
              onClick={() => {
                if (busy === undefined) void save(true)
              }}
            >
              {said.saveAndConnect}
            </BusyButton>
          )}
          <Button
            variant="subtle"
            onClick={() =>
              navigate(connection === undefined ? '/' : `/connections/${connection.id}`)
            }
          >
            {said.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function FailureNotice({ failure: { fault, problems } }: { readonly failure: Failure }): ReactNode {
  const others = elsewhere(problems, formKeys)
  return (
    <Paper className="card notice" p="sm" role="alert">
      {problems.length === 0 ? (
        <>
          <Text fw={600}>{said.notSaved}</Text>
          <FaultText fault={fault} />
        </>
      ) : (
        <Text fw={600}>
          {said.notSaved} {said.look(problems.length)}
        </Text>
      )}
      {others.map((problem) => (
        <Text key={`${problem.path} ${problem.message}`}>{describe(problem)}</Text>
      ))}
    </Paper>
  )
}

function Overtaken({ discard }: { readonly discard: () => void }): ReactNode {
  return (
    <Paper className="card notice" p="sm" role="status">
      <Group justify="space-between" gap="sm">
        <Text>{said.overtaken}</Text>
        <Button variant="default" size="compact-sm" onClick={discard}>
          {said.takeTheirs}
        </Button>
      </Group>
    </Paper>
  )
}
