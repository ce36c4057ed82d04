// Names as files write them: what is `debtorAccount` here is `debtor_account` there.

export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
