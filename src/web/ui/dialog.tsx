import { Modal, type ModalProps } from '@mantine/core'
import type { ReactNode } from 'react'
import './dialog.css'

/**
 * A window over the page. To lock the page behind it puts a style there, which its security policy does not allow.
 * Its head is its own: Mantine's is a `header`, which counts as a second banner of the page (axe-core,
 * landmark-no-duplicate-banner).
 */
export function Dialog({
  title,
  children,
  withCloseButton = true,
  ...more
}: Omit<ModalProps, 'lockScroll'>): ReactNode {
  return (
    <Modal
      centered
      transitionProps={{ duration: 0 }}
      {...more}
      withCloseButton={false}
      lockScroll={false}
    >
      <div className="dialog-head">
        <Modal.Title>{title}</Modal.Title>
        {withCloseButton && <Modal.CloseButton aria-label="Close" />}
      </div>
      {children}
    </Modal>
  )
}
