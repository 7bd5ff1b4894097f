import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import type { PolicyAnswer } from '../../../console/wire/policies.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { DeleteButton } from '../documents/delete-button.tsx'
import { DocumentEditor } from '../documents/document-editor.tsx'
import { DocumentPage } from '../documents/document-page.tsx'
import { pathOf, policyKind } from '../documents/document-kind.ts'
import { useMayAdd, useMayChangeRow } from '../documents/may-change.ts'
import { FileNotice } from '../documents/file-notice.tsx'
import { savedFormOf } from '../documents/kept-form.ts'
import { ProblemList } from '../documents/problem-list.tsx'
import { PolicyFields, policyFormKeys } from './policy-fields.tsx'
import { TryPolicy } from './try-policy.tsx'
import { UsedBy } from './used-by.tsx'
import { useSuggestions } from './use-suggestions.ts'

/** One named policy: to read, to try, and to change where it is kept here. */
export default function PolicyView(): ReactNode {
  const { id } = useParams<{ id: string }>()
  return (
    <DocumentPage<PolicyAnswer> kind={policyKind} id={id}>
      {(policy, isGone) => <OnePolicy key={id} policy={policy} isGone={isGone} />}
    </DocumentPage>
  )
}

interface OnePolicyProps {
  readonly policy: PolicyAnswer
  readonly isGone: boolean
}

function OnePolicy({ policy, isGone }: OnePolicyProps): ReactNode {
  const { id, source, revision, problems, used_by } = policy
  const mayAdd = useMayAdd()
  const mayChange = useMayChangeRow()(policy)
  const [, navigate] = useLocation()
  const suggest = useSuggestions(policyFormKeys)
  return (
    <>
      <PageHead
        title={id}
        lead={<UsedBy routes={used_by} />}
        actions={
          <>
            {source.kind === 'store' && (
              <Button component={Link} href={`${pathOf(policyKind, id)}/history`} variant="default">
                History
              </Button>
            )}
            {mayChange && revision !== null && !isGone && (
              <DeleteButton
                kind={policyKind}
                id={id}
                revision={revision}
                onDeleted={() => navigate('/policies')}
              />
            )}
          </>
        }
      />
      {source.kind === 'file' && (
        <FileNotice kind={policyKind} id={id} place={source.place} mayCopy={mayAdd} />
      )}
      {!mayChange && <ProblemList title="Not in use:" problems={problems} />}
      <DocumentEditor<PolicyAnswer>
        kind={policyKind}
        id={id}
        saved={savedFormOf(policy)}
        isReadOnly={!mayChange}
        isGone={isGone}
        shownKeys={policyFormKeys}
        suggest={suggest}
        fields={<PolicyFields />}
        below={(form, isChanged) => (
          <TryPolicy
            id={id}
            form={form}
            usedBy={used_by}
            isChanged={isChanged}
            mayChange={mayChange}
          />
        )}
        onSaved={(answer) => {
          if (answer.id !== id) navigate(pathOf(policyKind, answer.id), { replace: true })
        }}
      />
    </>
  )
}
