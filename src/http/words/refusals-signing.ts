// What customers read where others have a say in it: who looks at it first, or has to sign as well.
const noPayment = {
  en: { unchanged: 'Nothing was changed.', meaning: 'No payment was made.' },
  es: { unchanged: 'No ha cambiado nada.', meaning: 'No se ha hecho ningún pago.' },
}

export const signingRefusals = {
  en: {
    'payment-held': {
      title: 'Your bank has to look at this first',
      happened: 'Your bank’s rules hold this back until somebody there has looked at it.',
      ...noPayment.en,
      next: 'Call your bank and read out the reference.',
    },
    'payment-unsigned': {
      title: 'Nobody can sign this with you',
      happened:
        'Others have to sign this as well, and too few people who may do so can be asked on their phone.',
      ...noPayment.en,
      next: 'Ask your bank who may sign for this account.',
    },
    'approval-mandate': {
      title: 'You can’t sign this',
      happened: 'You are not, or no longer, among those who may sign for this account.',
      ...noPayment.en,
      next: 'If you think you should be, call your bank and read out the reference.',
    },
  },
  es: {
    'payment-held': {
      title: 'Tu banco tiene que verlo antes',
      happened: 'Las reglas de tu banco lo retienen hasta que alguien de allí lo haya visto.',
      ...noPayment.es,
      next: 'Llama a tu banco y lee la referencia.',
    },
    'payment-unsigned': {
      title: 'Nadie puede firmarlo contigo',
      happened:
        'Otras personas tienen que firmarlo también, y de las que pueden hacerlo hay muy pocas a las que preguntar en su teléfono.',
      ...noPayment.es,
      next: 'Pregunta a tu banco quién puede firmar por esta cuenta.',
    },
    'approval-mandate': {
      title: 'No puedes firmar esto',
      happened: 'No estás, o ya no estás, entre quienes pueden firmar por esta cuenta.',
      ...noPayment.es,
      next: 'Si crees que deberías estar, llama a tu banco y lee la referencia.',
    },
  },
}
