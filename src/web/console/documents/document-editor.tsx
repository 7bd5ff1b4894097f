import { Stack, Tabs } from '@mantine/core'
import { Fragment, useMemo, useState, type ReactNode } from 'react'
import type { Suggestion } from '../../ui/yaml-editor/code-mirror.ts'
import type { YamlPlace } from '../../ui/yaml-editor/yaml-path.ts'
import { notifyDone } from '../../ui/notify.ts'
import { Conflict } from './conflict.tsx'
import { DocumentFormContext, type DocumentForm } from './document-form.ts'
import { DeletedNotice } from './deleted-notice.tsx'
import { draftKeyOf, type DocumentKind } from './document-kind.ts'
import { KeptNotice } from '../../ui/leaving/kept-notice.tsx'
import type { KeptForm, SavedForm } from './kept-form.ts'
import { forgetUnsaved, useUnsaved } from '../../ui/leaving/unsaved.ts'
import { ProblemList } from './problem-list.tsx'
import { ReachDialog } from './reach-dialog.tsx'
import { SaveBar } from './save-bar.tsx'
import { useCheck } from './use-check.ts'
import { useDraft } from './use-draft.ts'
import { useSave } from './use-save.ts'
import { YamlTab } from './yaml-tab.tsx'

export interface DocumentEditorProps<T> {
  readonly kind: DocumentKind
  /** Undefined for a new one. */
  readonly id: string | undefined
  /** Tells what is kept of a new one from other new ones. */
  readonly newKey?: string
  /** As it is in the store; of a new one, what it begins with. */
  readonly saved: SavedForm
  readonly isReadOnly: boolean
  /** Somebody has deleted it since it was read: what is written is added as a new one. */
  readonly isGone?: boolean
  /** Keys that the fields show, faults at which need no list. */
  readonly shownKeys: readonly string[]
  readonly fields: ReactNode
  /** What may be written at a place of its YAML. */
  readonly suggest: (place: YamlPlace) => readonly Suggestion[]
  /** What stands below the form, given what is not saved yet. */
  readonly below?: (form: KeptForm, isChanged: boolean) => ReactNode
  readonly onSaved: (answer: T) => void
}

/** A route or a policy that is changed: its fields or its whole YAML, and what is wrong; then whom it reaches. */
export function DocumentEditor<T extends { readonly id: string }>(
  props: DocumentEditorProps<T>,
): ReactNode {
  const { kind, saved, isReadOnly, isGone = false, fields, onSaved } = props
  const draft = useDraft(draftKeyOf(kind, props.id ?? props.newKey ?? 'new'), saved)
  const id = isGone ? undefined : props.id
  const { form, change } = draft
  const [isReadable, setReadable] = useState(true)
  const [discards, setDiscards] = useState(0)
  const check = useCheck(kind, id, form.definition, !isReadOnly)
  // Nobody is told what is wrong with a form that they have not begun to fill.
  const isBegun = draft.isChanged || props.id !== undefined
  const problems = useMemo(() => (isBegun ? (check?.problems ?? []) : []), [check, isBegun])
  const save = useSave<T>({
    kind,
    id,
    form,
    revision: draft.base.revision,
    onSaved: (answer) => {
      draft.discard()
      forgetUnsaved()
      notifyDone(`the ${kind.one} is saved`)
      onSaved(answer)
    },
  })
  useUnsaved(draft.isChanged || !isReadable, isReadable)
  const context = useMemo<DocumentForm>(
    () => ({
      form,
      definition: form.definition,
      problems,
      isReadOnly,
      change: (definition) => change((now) => ({ ...now, definition })),
      changeForm: (changed) => change(() => changed),
      isReadable,
      reportReadable: setReadable,
    }),
    [form, problems, isReadOnly, isReadable, change],
  )
  // What could not be read is in no form: it goes with the fields that show it.
  const discard = (): void => {
    draft.discard()
    setReadable(true)
    setDiscards(discards + 1)
  }
  const elsewhere = problems.filter(({ path }) => !props.shownKeys.includes(firstKey(path)))
  return (
    <DocumentFormContext value={context}>
      <Stack gap="md">
        {isGone && props.id !== undefined && <DeletedNotice kind={kind} id={props.id} />}
        {!isGone && draft.wasKept && draft.isChanged && <KeptNotice onDiscard={discard} />}
        {draft.isOvertaken && (
          <Conflict
            base={draft.base}
            mine={form}
            theirs={saved}
            onMerged={(merged) => draft.rebase(saved, merged)}
            onDiscard={discard}
          />
        )}
        <Tabs defaultValue="form" keepMounted={false}>
          <Tabs.List aria-label={`Views of the ${kind.one}`}>
            <Tabs.Tab value="form" disabled={!isReadable}>
              Form
            </Tabs.Tab>
            <Tabs.Tab value="yaml" disabled={!isReadable}>
              YAML
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="form" pt="md">
            <Fragment key={discards}>{fields}</Fragment>
          </Tabs.Panel>
          <Tabs.Panel value="yaml" pt="md">
            <YamlTab
              key={discards}
              label={`The whole ${kind.one} as YAML`}
              suggest={props.suggest}
            />
          </Tabs.Panel>
        </Tabs>
        {elsewhere.length > 0 && <ProblemList title="To be mended:" problems={elsewhere} />}
        <ProblemList
          title="It can be saved, and:"
          problems={isBegun ? (check?.warnings ?? []) : []}
        />
        {props.below?.(form, draft.isChanged)}
        {!isReadOnly && (
          <SaveBar
            isNew={id === undefined}
            isChanged={draft.isChanged}
            problemCount={problems.length}
            isReadable={isReadable}
            isOvertaken={draft.isOvertaken}
            isGone={isGone}
            onSave={save.ask}
            onDiscard={discard}
          />
        )}
      </Stack>
      <ReachDialog
        title={id === undefined ? `Add this ${kind.one}?` : `Save this ${kind.one}?`}
        action={id === undefined ? 'Add' : 'Save'}
        changes={save.changes}
        isBusy={save.isBusy}
        fault={save.fault}
        onConfirm={save.confirm}
        onClose={save.cancel}
      />
    </DocumentFormContext>
  )
}

/** `policy` of `policy[0].allow`. */
function firstKey(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? ''
}
