// Refusals in English: what happened, what did not happen, what to do.
import type { RefusalWords, WordGroup } from './groups.ts'
import { limitsChanged } from './limits-changed.ts'
import { paused } from './paused.ts'
import { signingRefusals } from './refusals-signing.ts'

const notSignedIn = {
  unchanged: 'Nothing was changed.',
  meaning: 'No payment was made and you are not signed in.',
}
const noPayment = { unchanged: 'Nothing was changed.', meaning: 'No payment was made.' }
const asBefore = { unchanged: 'Nothing was changed.', meaning: 'Everything is as it was before.' }

export const refusalsInEnglish: Readonly<Record<WordGroup, RefusalWords>> = {
  'answer-unsafe': {
    title: 'We couldn’t finish signing you in',
    happened: 'Your bank’s answer didn’t pass our safety checks, so we didn’t use it.',
    ...notSignedIn,
    next: 'Sign in again. If it happens once more, call your bank and read out the reference.',
  },
  'answer-late': {
    title: 'We couldn’t finish signing you in',
    happened:
      'Your bank’s answer reached us too late to be safe to use. This can happen when a page is left open for a while.',
    ...notSignedIn,
    next: 'Sign in again.',
  },
  'answer-declined': {
    title: 'Your bank didn’t confirm the sign-in',
    happened: 'The bank’s sign-in page sent you back without confirming that it was you.',
    ...notSignedIn,
    next: 'Sign in again when you are ready.',
  },
  'answer-used': {
    title: 'This step was already taken',
    happened:
      'We received this answer from your bank before, or had not asked for it. Each answer opens the door once.',
    unchanged: 'Nothing was changed just now.',
    meaning: 'If you are signed in to the app already, you can go on there.',
    next: 'Go back to the app. If you are not signed in there, sign in again.',
  },
  'ask-your-bank': {
    title: 'Your bank has to help you here',
    happened: 'At this moment we can’t let you sign in by this page.',
    ...notSignedIn,
    next: 'Call your bank and read out the reference.',
  },
  'sign-out-unsafe': {
    title: 'We didn’t end any session',
    happened: 'A message about signing out didn’t pass our safety checks, so we didn’t follow it.',
    unchanged: 'Nothing was changed.',
    meaning: 'Where you are signed in, you still are.',
    next: 'To sign out, use the button in the app.',
  },
  'other-browser': {
    title: 'This sign-in began in another browser',
    happened:
      'We only go on in the browser where a sign-in was started. If you didn’t start one, close this page.',
    ...notSignedIn,
    next: 'Go back to the app and start again from there.',
  },
  'bank-unavailable': {
    title: 'We can’t reach your bank’s sign-in page',
    happened: 'The page where you sign in isn’t available right now.',
    ...notSignedIn,
    next: 'Try again in a few minutes.',
  },
  'no-bank-here': {
    title: 'There is no page at this address',
    happened: 'We don’t know a bank by this address. A letter of it may be missing.',
    ...asBefore,
    next: 'Open your bank’s app and start from there.',
  },
  'no-page-here': {
    title: 'There is no page at this address',
    happened: 'The address is incomplete, or its page isn’t there any more.',
    ...asBefore,
    next: 'Open your bank’s app and start from there.',
  },
  'not-open': {
    title: 'This sign-in is no longer open',
    happened: 'It was left open for too long, or its page comes from an earlier visit.',
    ...notSignedIn,
    next: 'Go back to the app and start again from there.',
  },
  'already-finished': {
    title: 'This is already finished',
    happened: 'This request was already answered. An answer can’t be given twice.',
    unchanged: 'Nothing was changed just now.',
    meaning: 'The first answer stands.',
    next: 'You can close this page and go on in the app. If the answer wasn’t yours, call your bank.',
  },
  'out-of-step': {
    title: 'This page was out of date',
    happened: 'The question had moved on, perhaps in another tab, so we didn’t use what was sent from here.',
    ...noPayment,
    next: 'Go back to the app and start again from there.',
  },
  'not-understood': {
    title: 'We couldn’t read the request',
    happened: 'What the app sent has a form that we don’t accept.',
    ...asBefore,
    next: 'Start again from the app. If it happens once more, tell your bank and read out the reference.',
  },
  'too-often': {
    title: 'Too many tries in a short time',
    happened: 'We slow things down when many requests come from the same place.',
    ...asBefore,
    next: 'Wait a minute, then try again.',
  },
  busy: {
    title: 'We are very busy right now',
    happened: 'We couldn’t answer in the time that is safe.',
    ...asBefore,
    next: 'Try again in a minute.',
  },
  'evidence-pending': {
    title: 'This was approved a moment ago',
    happened: 'The log that proves it is still being written.',
    ...asBefore,
    next: 'Try again in a few seconds.',
  },
  'evidence-broken': {
    title: 'This evidence cannot be given out',
    happened: 'What was kept of the approval is not what was logged of it.',
    ...asBefore,
    next: 'Tell the operator of the bridge, and give them the reference.',
  },
  unexpected: {
    title: 'Something on our side didn’t work',
    happened: 'We stopped before we could finish, and we have been told about it.',
    unchanged: 'You are not signed in by this page.',
    meaning: 'If a payment was under way, look at your account before you send it again.',
    next: 'Start again from the app. If it happens once more, call your bank and read out the reference.',
  },
  cancelled: {
    title: 'You stopped this',
    happened: 'The sign-in was cancelled.',
    ...notSignedIn,
    next: 'You can close this page or go back to the app.',
  },
  'other-person': {
    title: 'Two different people answered',
    happened: 'The sign-in was begun by one customer and finished by another, so we stopped it.',
    ...notSignedIn,
    next: 'Go back to the app and sign in again, with one user from start to end.',
  },
  'confirm-again': {
    title: 'This needs a fresh confirmation',
    happened: 'For what you want to do, we have to be surer that it is you.',
    ...noPayment,
    next: 'Go back to the app. It will ask you to confirm.',
  },
  'permission-over': {
    title: 'The app’s permission doesn’t cover this',
    happened: 'The permission was missing, has ended, or is for something else.',
    ...noPayment,
    next: 'Sign in again in the app.',
  },
  'device-needed': {
    title: 'This needs a phone that is set up',
    happened:
      'You can only do this in an app that is set up on this phone, and this one isn’t, or not any more.',
    ...noPayment,
    next: 'Set up this phone in your bank’s app, then try again.',
  },
  'device-unproven': {
    title: 'We couldn’t recognise this phone',
    happened: 'The app’s proof that it is on your phone wasn’t right, or was used before.',
    ...noPayment,
    next: 'Close the app, open it again and try once more.',
  },
  'device-limit': {
    title: 'You have set up as many phones as you can',
    happened: 'Another phone can only be set up when one is removed.',
    ...asBefore,
    next: 'Remove a phone that you no longer use, then try again.',
  },
  'pin-weak': {
    title: 'That PIN is too easy to guess',
    happened: 'Rows and repeats, like 123456 or 111111, are what others try first.',
    unchanged: 'No PIN was set.',
    meaning: 'Everything is as it was before.',
    next: 'Choose another PIN.',
  },
  'pin-format': {
    title: 'That PIN has the wrong length',
    happened: 'A PIN is made of digits only, and all of them are needed.',
    ...asBefore,
    next: 'Type all digits of the PIN.',
  },
  'pin-wrong': {
    title: 'That PIN isn’t right',
    happened: 'The PIN didn’t match.',
    ...noPayment,
    next: 'Try again.',
  },
  'pin-locked': {
    title: 'Too many tries',
    happened: 'Approving by PIN is off on this phone for a while.',
    unchanged: 'Your money is safe.',
    meaning: 'No payment was made.',
    next: 'Try again later. If it wasn’t you who tried, call your bank.',
  },
  'pin-unset': {
    title: 'This needs a PIN',
    happened: 'No PIN is set on this phone yet.',
    ...noPayment,
    next: 'Set a PIN in your bank’s app, then try again.',
  },
  'payment-unclear': {
    title: 'This isn’t what was approved',
    happened: 'What the app sent is incomplete, or differs from what was shown for approval.',
    ...noPayment,
    next: 'Enter it again in the app.',
  },
  'payment-used': {
    title: 'This approval was already used',
    happened: 'Each approval is good once, and this one was used before.',
    unchanged: 'Nothing was done a second time.',
    meaning: 'The first one stands.',
    next: 'Look at your account before you enter it again.',
  },
  'payment-denied': {
    title: 'Your bank doesn’t allow this',
    happened: 'Your bank’s rules don’t let this through from here.',
    ...noPayment,
    next: 'If you think it should be possible, call your bank and read out the reference.',
  },
  paused: paused.en,
  ...signingRefusals.en,
  'risk-denied': {
    title: 'Your bank stopped this',
    happened: 'Something about it is not as it usually is, and your bank does not let it go on from here.',
    unchanged: 'You are not signed in, and nothing was changed.',
    meaning: 'It protects your account from somebody who may have your password.',
    next: 'Call your bank and read out the reference.',
  },
  'risk-held': {
    title: 'Your bank has to look at this first',
    happened: 'Something about it is not as it usually is. Somebody at your bank has to look at it.',
    unchanged: 'You are not signed in, and nothing was changed.',
    meaning: 'It protects your account from somebody who may have your password.',
    next: 'Call your bank and read out the reference.',
  },
  'challenge-failed': {
    title: 'We couldn’t make sure that it is you',
    happened: 'Too many answers weren’t right.',
    unchanged: 'You are not signed in, and nothing was changed.',
    meaning: 'It protects your account from somebody who may have your password.',
    next: 'Try again later. If it wasn’t you who tried, call your bank.',
  },
  'approval-over': {
    title: 'This question is over',
    happened: 'It was answered already, its time has passed, or whoever asked no longer needs an answer.',
    ...noPayment,
    next: 'If you still want to do this, start it again where you began.',
  },
  'approval-number': {
    title: 'That was another number',
    happened:
      'The number that you typed is not the one shown where this began. We stopped it: somebody else may have asked.',
    ...noPayment,
    next: 'If you began this yourself, start again. If not, tell your bank.',
  },
  'approval-no-device': {
    title: 'No phone of yours can answer',
    happened: 'You have no phone on which you can approve this.',
    ...noPayment,
    next: 'Sign in with your bank’s app and make it your phone, then start again.',
  },
  'approval-new-device': {
    title: 'This phone is new',
    happened:
      'A new phone can approve nothing in its first hours, so that nobody can add one and pay with it at once.',
    ...noPayment,
    next: 'Approve on your other phone, or wait.',
  },
  'approval-denied': {
    title: 'You said no on your phone',
    happened: 'The question was answered with no on one of your phones.',
    ...noPayment,
    next: 'If that was not you, call your bank.',
  },
  'code-wrong': {
    title: 'That code isn’t right',
    happened: 'It is not the code that we sent, or its time is over.',
    ...noPayment,
    next: 'Type the code of the last message, or have a new one sent.',
  },
  'not-offered': {
    title: 'This isn’t offered here',
    happened: 'The app asked for something that your bank doesn’t offer through it.',
    ...asBefore,
    next: 'Use another way to do it, or ask your bank.',
  },
  'limits-changed': limitsChanged.en,
  'changed-meanwhile': {
    title: 'Somebody changed this meanwhile',
    happened: 'It is not as it was when this page was opened.',
    ...asBefore,
    next: 'Look at it as it is now, then change it again.',
  },
  'not-in-this-state': {
    title: 'That can’t be done now',
    happened:
      'The state of the connection doesn’t allow this step. It is activated after a test login, and removed only while it was never live.',
    ...asBefore,
    next: 'See on the connection’s page what can be done.',
  },
  'key-not-now': {
    title: 'This key can’t be changed now',
    happened:
      'The key that signs can’t be removed, and another takes over only after the IdP has had the time to learn of it.',
    ...asBefore,
    next: 'Look at the keys of the connection: each says from when it can be used, and until when it is kept.',
  },
  'ruled-by-file': {
    title: 'This connection comes from a file',
    happened: 'The operator of the bridge keeps it in a file, and only the file changes it.',
    ...asBefore,
    next: 'Ask the operator, or create a connection of your own.',
  },
  'in-use': {
    title: 'It is still in use',
    happened: 'An app names this connection as one that its customers may sign in by.',
    ...asBefore,
    next: 'Take the connection out of the app first.',
  },
  'settings-refused': {
    title: 'These settings don’t hold',
    happened: 'Something that was entered is missing, or isn’t what the bridge can use.',
    ...asBefore,
    next: 'Mend the fields that are marked and save again.',
  },
  'metadata-refused': {
    title: 'We can’t use this metadata',
    happened: 'The document doesn’t describe a sign-in service that the bridge can safely trust.',
    ...asBefore,
    next: 'Look at the reason given, correct it at the identity provider, and load the metadata again.',
  },
  'outcome-unknown': {
    title: 'Your bank’s system didn’t answer us clearly',
    happened: 'We passed on what you asked for, but got no clear answer in time.',
    unchanged: 'We don’t know yet whether it was done.',
    meaning: 'It may have gone through, or not.',
    next: 'Look at your account before you try again.',
  },
  'console-sign-in': {
    title: 'Sign in to the console again',
    happened: 'Your console session has ended, or this step needs a sign-in of the last five minutes.',
    ...asBefore,
    next: 'Sign in, then do it again.',
  },
  'console-not-yours': {
    title: 'This isn’t yours to do',
    happened: 'The person who is signed in here doesn’t have the role that this page or step needs.',
    ...asBefore,
    next: 'Ask an owner of the console for the role, and name the reference.',
  },
  'console-invitation': {
    title: 'This invitation can’t be used',
    happened: 'It was used before, taken back, or is more than three days old.',
    ...asBefore,
    next: 'Ask an owner of the console for a new one. For the first owner, the operator prints one.',
  },
  'console-last-owner': {
    title: 'An owner has to stay',
    happened: 'Without this person the console would have no owner, and nobody could let another in.',
    ...asBefore,
    next: 'Make somebody else an owner first.',
  },
  'break-glass-late': {
    title: 'Ask for the key once more',
    happened: 'The page was open for more than five minutes, or in another browser, so its question is over.',
    ...asBefore,
    next: 'Open the page again and answer at once.',
  },
  'break-glass-refused': {
    title: 'This key doesn’t open the console',
    happened: 'The answer of the key didn’t pass our checks. The try was recorded and an alarm was raised.',
    ...asBefore,
    next: 'Open the page again, or take the other key. If you know nothing of this, call the operator.',
  },
  'break-glass-keys': {
    title: 'This key can’t be registered',
    happened:
      'There are two keys already, this one is one of them, it can be copied to other devices, or its answer didn’t pass our checks.',
    ...asBefore,
    next: 'Look at the page of administrators, and take a security key that asks for its own PIN.',
  },
}
