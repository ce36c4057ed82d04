// Refusals in Spanish: what happened, what did not happen, what to do.
import type { RefusalWords, WordGroup } from './groups.ts'
import { limitsChanged } from './limits-changed.ts'
import { paused } from './paused.ts'
import { signingRefusals } from './refusals-signing.ts'

const notSignedIn = {
  unchanged: 'No ha cambiado nada.',
  meaning: 'No se ha hecho ningún pago y no has iniciado sesión.',
}
const noPayment = { unchanged: 'No ha cambiado nada.', meaning: 'No se ha hecho ningún pago.' }
const asBefore = { unchanged: 'No ha cambiado nada.', meaning: 'Todo sigue como antes.' }

export const refusalsInSpanish: Readonly<Record<WordGroup, RefusalWords>> = {
  'answer-unsafe': {
    title: 'No hemos podido terminar el inicio de sesión',
    happened: 'La respuesta de tu banco no superó nuestros controles de seguridad y no la hemos usado.',
    ...notSignedIn,
    next: 'Inicia sesión otra vez. Si vuelve a pasar, llama a tu banco y lee la referencia.',
  },
  'answer-late': {
    title: 'No hemos podido terminar el inicio de sesión',
    happened:
      'La respuesta de tu banco nos llegó demasiado tarde para usarla con seguridad. Puede pasar si una página se queda abierta un rato.',
    ...notSignedIn,
    next: 'Inicia sesión otra vez.',
  },
  'answer-declined': {
    title: 'Tu banco no ha confirmado el inicio de sesión',
    happened: 'La página de tu banco te ha devuelto aquí sin confirmar que eras tú.',
    ...notSignedIn,
    next: 'Inicia sesión otra vez cuando quieras.',
  },
  'answer-used': {
    title: 'Este paso ya se había dado',
    happened:
      'Esta respuesta de tu banco ya nos había llegado, o no la habíamos pedido. Cada respuesta sirve una sola vez.',
    unchanged: 'Ahora no ha cambiado nada.',
    meaning: 'Si ya has iniciado sesión en la aplicación, puedes seguir allí.',
    next: 'Vuelve a la aplicación. Si allí no tienes la sesión iniciada, iníciala otra vez.',
  },
  'ask-your-bank': {
    title: 'Su banco debe ayudarle aquí',
    happened: 'En este momento no podemos permitirle iniciar sesión en esta página.',
    ...notSignedIn,
    next: 'Llame a su banco y lea la referencia.',
  },
  'sign-out-unsafe': {
    title: 'No hemos cerrado ninguna sesión',
    happened:
      'Un mensaje sobre el cierre de sesión no superó nuestras comprobaciones, así que no lo seguimos.',
    unchanged: 'No ha cambiado nada.',
    meaning: 'Donde tenía la sesión abierta, sigue abierta.',
    next: 'Para cerrar la sesión, use el botón de la aplicación.',
  },
  'other-browser': {
    title: 'Este inicio de sesión empezó en otro navegador',
    happened:
      'Solo seguimos en el navegador donde se empezó. Si no has empezado ningún inicio de sesión, cierra esta página.',
    ...notSignedIn,
    next: 'Vuelve a la aplicación y empieza de nuevo desde allí.',
  },
  'bank-unavailable': {
    title: 'No podemos abrir la página de acceso de tu banco',
    happened: 'La página donde inicias sesión no está disponible ahora mismo.',
    ...notSignedIn,
    next: 'Inténtalo de nuevo dentro de unos minutos.',
  },
  'no-bank-here': {
    title: 'No hay ninguna página en esta dirección',
    happened: 'No conocemos ningún banco con esta dirección. Puede que le falte una letra.',
    ...asBefore,
    next: 'Abre la aplicación de tu banco y empieza desde allí.',
  },
  'no-page-here': {
    title: 'No hay ninguna página en esta dirección',
    happened: 'La dirección está incompleta, o su página ya no está.',
    ...asBefore,
    next: 'Abre la aplicación de tu banco y empieza desde allí.',
  },
  'not-open': {
    title: 'Este inicio de sesión ya no está abierto',
    happened: 'Estuvo abierto demasiado tiempo, o la página es de una visita anterior.',
    ...notSignedIn,
    next: 'Vuelve a la aplicación y empieza de nuevo desde allí.',
  },
  'already-finished': {
    title: 'Esto ya está terminado',
    happened: 'Esta solicitud ya tenía respuesta, y no se puede responder dos veces.',
    unchanged: 'Ahora no ha cambiado nada.',
    meaning: 'Vale la primera respuesta.',
    next: 'Puedes cerrar esta página y seguir en la aplicación. Si la respuesta no era tuya, llama a tu banco.',
  },
  'out-of-step': {
    title: 'Esta página no estaba al día',
    happened:
      'La pregunta había avanzado, quizá en otra pestaña, así que no hemos usado lo que se envió desde aquí.',
    ...noPayment,
    next: 'Vuelve a la aplicación y empieza de nuevo desde allí.',
  },
  'not-understood': {
    title: 'No hemos podido leer la solicitud',
    happened: 'Lo que envió la aplicación tiene una forma que no aceptamos.',
    ...asBefore,
    next: 'Empieza de nuevo desde la aplicación. Si vuelve a pasar, avisa a tu banco y lee la referencia.',
  },
  'too-often': {
    title: 'Demasiados intentos en poco tiempo',
    happened: 'Vamos más despacio cuando llegan muchas solicitudes del mismo sitio.',
    ...asBefore,
    next: 'Espera un minuto y vuelve a intentarlo.',
  },
  busy: {
    title: 'Ahora mismo tenemos mucha actividad',
    happened: 'No hemos podido responder en el tiempo que es seguro.',
    ...asBefore,
    next: 'Inténtalo de nuevo dentro de un minuto.',
  },
  'evidence-pending': {
    title: 'Esto se ha aprobado hace un momento',
    happened: 'El registro que lo demuestra todavía se está escribiendo.',
    ...asBefore,
    next: 'Inténtalo de nuevo dentro de unos segundos.',
  },
  'evidence-broken': {
    title: 'Esta prueba no se puede entregar',
    happened: 'Lo que se guardó de la aprobación no es lo que consta en el registro.',
    ...asBefore,
    next: 'Avisa al operador del puente y dale la referencia.',
  },
  unexpected: {
    title: 'Algo no ha funcionado por nuestra parte',
    happened: 'Nos hemos detenido antes de terminar, y ya estamos avisados.',
    unchanged: 'Esta página no ha iniciado tu sesión.',
    meaning: 'Si había un pago en marcha, mira tu cuenta antes de enviarlo otra vez.',
    next: 'Empieza de nuevo desde la aplicación. Si vuelve a pasar, llama a tu banco y lee la referencia.',
  },
  cancelled: {
    title: 'Has detenido esto',
    happened: 'El inicio de sesión se ha cancelado.',
    ...notSignedIn,
    next: 'Puedes cerrar esta página o volver a la aplicación.',
  },
  'other-person': {
    title: 'Han respondido dos personas distintas',
    happened: 'Un cliente empezó el inicio de sesión y otro lo terminó, así que lo hemos detenido.',
    ...notSignedIn,
    next: 'Vuelve a la aplicación e inicia sesión con un solo usuario de principio a fin.',
  },
  'confirm-again': {
    title: 'Hace falta confirmarlo de nuevo',
    happened: 'Para lo que quieres hacer, tenemos que estar más seguros de que eres tú.',
    ...noPayment,
    next: 'Vuelve a la aplicación. Te pedirá que confirmes.',
  },
  'permission-over': {
    title: 'El permiso de la aplicación no alcanza para esto',
    happened: 'El permiso faltaba, ha terminado o es para otra cosa.',
    ...noPayment,
    next: 'Inicia sesión otra vez en la aplicación.',
  },
  'device-needed': {
    title: 'Hace falta un teléfono registrado',
    happened:
      'Esto solo se puede hacer en una aplicación registrada en este teléfono, y esta no lo está o ya no.',
    ...noPayment,
    next: 'Registra este teléfono en la aplicación de tu banco y vuelve a intentarlo.',
  },
  'device-unproven': {
    title: 'No hemos podido reconocer este teléfono',
    happened: 'La prueba de que la aplicación está en tu teléfono no era correcta o ya se había usado.',
    ...noPayment,
    next: 'Cierra la aplicación, ábrela de nuevo e inténtalo otra vez.',
  },
  'device-limit': {
    title: 'Ya tienes registrados todos los teléfonos posibles',
    happened: 'Para registrar otro teléfono hay que quitar uno antes.',
    ...asBefore,
    next: 'Quita un teléfono que ya no uses y vuelve a intentarlo.',
  },
  'pin-weak': {
    title: 'Ese PIN es demasiado fácil de adivinar',
    happened: 'Las series y repeticiones, como 123456 o 111111, son lo primero que prueban otros.',
    unchanged: 'No se ha fijado ningún PIN.',
    meaning: 'Todo sigue como antes.',
    next: 'Elige otro PIN.',
  },
  'pin-format': {
    title: 'Ese PIN no tiene la longitud correcta',
    happened: 'Un PIN solo lleva cifras, y hacen falta todas.',
    ...asBefore,
    next: 'Escribe todas las cifras del PIN.',
  },
  'pin-wrong': {
    title: 'Ese PIN no es correcto',
    happened: 'El PIN no coincide.',
    ...noPayment,
    next: 'Inténtalo de nuevo.',
  },
  'pin-locked': {
    title: 'Demasiados intentos',
    happened: 'Aprobar con PIN está desactivado en este teléfono durante un rato.',
    unchanged: 'Tu dinero está seguro.',
    meaning: 'No se ha hecho ningún pago.',
    next: 'Inténtalo más tarde. Si no eras tú, llama a tu banco.',
  },
  'pin-unset': {
    title: 'Hace falta un PIN',
    happened: 'En este teléfono todavía no hay ningún PIN.',
    ...noPayment,
    next: 'Crea un PIN en la aplicación de tu banco y vuelve a intentarlo.',
  },
  'payment-unclear': {
    title: 'Esto no es lo que se aprobó',
    happened: 'Lo que envió la aplicación está incompleto, o es distinto de lo que se mostró para aprobarlo.',
    ...noPayment,
    next: 'Vuelve a introducirlo en la aplicación.',
  },
  'payment-used': {
    title: 'Esta aprobación ya se había usado',
    happened: 'Cada aprobación sirve una vez, y esta ya se había usado.',
    unchanged: 'No se ha hecho nada por segunda vez.',
    meaning: 'Vale el primero.',
    next: 'Mira tu cuenta antes de volver a introducirlo.',
  },
  'payment-denied': {
    title: 'Tu banco no lo permite',
    happened: 'Las reglas de tu banco no dejan hacerlo desde aquí.',
    ...noPayment,
    next: 'Si crees que debería ser posible, llama a tu banco y lee la referencia.',
  },
  paused: paused.es,
  ...signingRefusals.es,
  'risk-denied': {
    title: 'Tu banco lo ha detenido',
    happened: 'Hay algo que no es como de costumbre, y tu banco no deja continuar desde aquí.',
    unchanged: 'No has iniciado sesión y no se ha cambiado nada.',
    meaning: 'Protege tu cuenta de quien pueda tener tu contraseña.',
    next: 'Llama a tu banco y lee la referencia.',
  },
  'risk-held': {
    title: 'Tu banco tiene que verlo antes',
    happened: 'Hay algo que no es como de costumbre. Alguien de tu banco tiene que verlo.',
    unchanged: 'No has iniciado sesión y no se ha cambiado nada.',
    meaning: 'Protege tu cuenta de quien pueda tener tu contraseña.',
    next: 'Llama a tu banco y lee la referencia.',
  },
  'challenge-failed': {
    title: 'No hemos podido comprobar que eres tú',
    happened: 'Demasiadas respuestas no eran correctas.',
    unchanged: 'No has iniciado sesión y no se ha cambiado nada.',
    meaning: 'Protege tu cuenta de quien pueda tener tu contraseña.',
    next: 'Inténtalo más tarde. Si no eras tú, llama a tu banco.',
  },
  'approval-over': {
    title: 'Esta pregunta ya ha terminado',
    happened: 'Ya se ha respondido, ha caducado o quien preguntaba ya no necesita respuesta.',
    ...noPayment,
    next: 'Si todavía quieres hacerlo, empieza de nuevo donde comenzaste.',
  },
  'approval-number': {
    title: 'Ese era otro número',
    happened:
      'El número que has escrito no es el que se mostraba donde empezó esto. Lo hemos detenido: puede que lo haya pedido otra persona.',
    ...noPayment,
    next: 'Si lo empezaste tú, hazlo de nuevo. Si no, avisa a tu banco.',
  },
  'approval-no-device': {
    title: 'Ningún teléfono tuyo puede responder',
    happened: 'No tienes ningún teléfono con el que puedas aprobarlo.',
    ...noPayment,
    next: 'Inicia sesión con la aplicación de tu banco, registra en ella tu teléfono y empieza de nuevo.',
  },
  'approval-new-device': {
    title: 'Este teléfono es nuevo',
    happened:
      'Un teléfono nuevo no puede aprobar nada en sus primeras horas, para que nadie pueda añadir uno y pagar con él enseguida.',
    ...noPayment,
    next: 'Apruébalo en tu otro teléfono o espera.',
  },
  'approval-denied': {
    title: 'Has dicho que no en tu teléfono',
    happened: 'En uno de tus teléfonos se ha respondido que no.',
    ...noPayment,
    next: 'Si no has sido tú, llama a tu banco.',
  },
  'code-wrong': {
    title: 'Ese código no es correcto',
    happened: 'No es el código que enviamos, o ya ha caducado.',
    ...noPayment,
    next: 'Escribe el código del último mensaje o pide uno nuevo.',
  },
  'not-offered': {
    title: 'Esto no se ofrece aquí',
    happened: 'La aplicación ha pedido algo que tu banco no ofrece a través de ella.',
    ...asBefore,
    next: 'Hazlo de otra manera o pregunta a tu banco.',
  },
  'limits-changed': limitsChanged.es,
  'changed-meanwhile': {
    title: 'Alguien lo ha cambiado mientras tanto',
    happened: 'Ya no está como cuando se abrió esta página.',
    ...asBefore,
    next: 'Míralo como está ahora y vuelve a cambiarlo.',
  },
  'not-in-this-state': {
    title: 'Ahora no se puede hacer',
    happened:
      'El estado de la conexión no permite este paso. Se activa después de un inicio de sesión de prueba, y solo se quita si nunca estuvo en uso.',
    ...asBefore,
    next: 'Mira en la página de la conexión qué se puede hacer.',
  },
  'key-not-now': {
    title: 'Ahora no se puede cambiar esta clave',
    happened:
      'La clave que firma no se puede quitar, y otra la sustituye solo cuando el proveedor de identidad ha tenido tiempo de conocerla.',
    ...asBefore,
    next: 'Mira las claves de la conexión: de cada una se ve desde cuándo se puede usar y hasta cuándo se guarda.',
  },
  'ruled-by-file': {
    title: 'Esta conexión viene de un archivo',
    happened: 'El operador del puente la guarda en un archivo, y solo el archivo la cambia.',
    ...asBefore,
    next: 'Habla con el operador o crea una conexión propia.',
  },
  'in-use': {
    title: 'Todavía está en uso',
    happened: 'Una aplicación nombra esta conexión entre las que ofrece a sus clientes.',
    ...asBefore,
    next: 'Quita antes la conexión de la aplicación.',
  },
  'settings-refused': {
    title: 'Estos datos no son válidos',
    happened: 'Falta algo de lo que se ha escrito, o el puente no puede usarlo.',
    ...asBefore,
    next: 'Corrige los campos marcados y guarda otra vez.',
  },
  'metadata-refused': {
    title: 'No podemos usar estos metadatos',
    happened:
      'El documento no describe un servicio de acceso en el que el puente pueda confiar con seguridad.',
    ...asBefore,
    next: 'Mira el motivo indicado, corrígelo en el proveedor de identidad y carga los metadatos de nuevo.',
  },
  'outcome-unknown': {
    title: 'El sistema de tu banco no nos ha respondido con claridad',
    happened: 'Hemos transmitido lo que pediste, pero no ha llegado a tiempo una respuesta clara.',
    unchanged: 'Todavía no sabemos si se ha hecho.',
    meaning: 'Puede que sí y puede que no.',
    next: 'Mira tu cuenta antes de volver a intentarlo.',
  },
  'console-sign-in': {
    title: 'Inicie sesión de nuevo en la consola',
    happened:
      'Su sesión de la consola ha terminado, o este paso pide un inicio de sesión de los últimos cinco minutos.',
    ...asBefore,
    next: 'Inicie sesión y repita el paso.',
  },
  'console-not-yours': {
    title: 'Esto no le corresponde',
    happened: 'La persona que ha iniciado sesión no tiene la función que esta página o este paso necesita.',
    ...asBefore,
    next: 'Pida la función a un propietario de la consola e indique la referencia.',
  },
  'console-invitation': {
    title: 'Esta invitación no se puede usar',
    happened: 'Ya se usó, se retiró o tiene más de tres días.',
    ...asBefore,
    next: 'Pida una nueva a un propietario de la consola. Para el primer propietario la imprime el operador.',
  },
  'console-last-owner': {
    title: 'Tiene que quedar un propietario',
    happened: 'Sin esta persona la consola no tendría propietario y nadie podría admitir a otra.',
    ...asBefore,
    next: 'Nombre primero a otro propietario.',
  },
  'break-glass-late': {
    title: 'Pida la llave otra vez',
    happened: 'La página estuvo abierta más de cinco minutos, o en otro navegador, y su pregunta ya no vale.',
    ...asBefore,
    next: 'Abra la página de nuevo y responda enseguida.',
  },
  'break-glass-refused': {
    title: 'Esta llave no abre la consola',
    happened:
      'La respuesta de la llave no superó nuestras comprobaciones. El intento quedó registrado y se dio la alarma.',
    ...asBefore,
    next: 'Abra la página de nuevo o tome la otra llave. Si usted no sabe nada de esto, llame al operador.',
  },
  'break-glass-keys': {
    title: 'Esta llave no se puede registrar',
    happened:
      'Ya hay dos llaves, esta es una de ellas, se puede copiar a otros dispositivos, o su respuesta no superó nuestras comprobaciones.',
    ...asBefore,
    next: 'Mire la página de administradores y tome una llave de seguridad que pida su propio PIN.',
  },
}
