# Français, avec « vous », comme les logiciels de bureau. Espaces insécables devant les deux-points et dans les guillemets.

## What happened

headline_crash = { $app } s’est arrêté de façon inattendue
headline_error = { $app } a rencontré un problème
headline_hang = { $app } n’a pas répondu

happened_memory = Le programme a voulu utiliser de la mémoire qui ne lui appartient pas.
happened_memory_at = Le programme a voulu utiliser de la mémoire qui ne lui appartient pas (adresse { $address }).
happened_arithmetic = Le programme a fait un calcul impossible, comme une division par zéro.
happened_instruction = Le programme est arrivé à une instruction qui ne peut pas être exécutée.
happened_instruction_at = Le programme est arrivé à une instruction qui ne peut pas être exécutée (adresse { $address }).
happened_gave_up = Le programme a trouvé une erreur dont il ne pouvait pas se remettre, et il a abandonné.
happened_gave_up_saying = Le programme a trouvé une erreur dont il ne pouvait pas se remettre : { $message }
happened_error = Le programme a continué, mais quelque chose a échoué à l’intérieur.
happened_error_saying = Le programme a continué, mais quelque chose a échoué à l’intérieur : { $message }
happened_hang = Le programme était occupé ou attendait quelque chose, et n’a pas répondu pendant un moment.
happened_other = Le programme s’est arrêté à cause d’une erreur interne.

## The question

comment_label = Que faisiez-vous ? (facultatif)
comment_hint = Quelques mots aident à trouver la cause.
restart = Redémarrer { $app }
reopens = { $app } se rouvrira avec : { $documents }
always = Toujours faire ainsi sans demander
always_means = Les prochains rapports de { $app }, et ceux qui attendent, seront alors envoyés ou supprimés, selon votre choix d’aujourd’hui.
consent = Rien n’est envoyé sans votre accord.
destination = Les rapports sont envoyés à { $server }.
destination_developers = Les rapports sont envoyés aux développeurs du programme.
privacy_policy = Politique de confidentialité
send = Envoyer le rapport
dont_send = Ne pas envoyer
later = Fermez cette fenêtre pour que la question soit posée au prochain démarrage.
not_saved = Votre réponse n’a pas pu être enregistrée, et rien n’a été envoyé : { $why }. Veuillez réessayer.

## What would be sent

details = Ce qui serait envoyé
summary = Résumé
key_app = Programme
key_release = Version
key_what = Nature
key_server = Envoyé à
key_comment = Votre commentaire
no_comment = aucun
developers = les développeurs
kind_crash = Plantage
kind_panic = Plantage (le programme a trouvé une erreur en lui-même)
kind_error = Erreur (le programme a continué)
kind_hang = Blocage (le programme n’a pas répondu, puis a continué)
stack = Où cela s’est produit
stack_pending = Recherche de la pile d’appels…
stack_empty = La pile d’appels n’a pas pu être établie. Le rapport reste utile.
inlined = intégrée
unknown_function = fonction inconnue
unknown_function_in = fonction inconnue dans { $module }
tags = Étiquettes
breadcrumbs = Ce qui a précédé
files = Fichiers
files_more = Ils contiennent plus que ce qui figure ici : les autres fils d’exécution, les registres et ce que le programme a noté du système.
file_minidump = registres, piles et modules au moment du plantage
file_event = le rapport lui-même : version, système, étiquettes et ce qui a précédé
file_stack = les piles avec les noms des fonctions
tab_context = Étiquettes et contexte
tab_modules = Modules
tab_files = Pièces jointes
tab_bytes = Octets
tab_text = En texte
contexts = Contexte
nothing_of_this = Le rapport ne contient rien de tel.
part_header = la première ligne, avec le numéro du rapport
part_attachment = un fichier joint par le programme
part_other = une autre partie du rapport
files_choose = Ce qui est coché est envoyé.
files_unread = Ce qui serait envoyé ne peut pas être lu : { $why }
event_stays = Le rapport lui-même ne peut pas être écarté : sans lui, il n’y aurait rien à envoyer.
minidump_costs = Sans le minidump, personne ne peut examiner les autres fils d’exécution ni recalculer la pile avec de meilleures informations.
module_at = à { $address }, { $size }
total = En tout { $size }, avant compression.
save_copy = Enregistrer une copie…
save = Enregistrer
copy_path = Enregistrer sous
copy_saved = Enregistré sous { $path } ({ $size })
copy_denied = Vous n’avez pas le droit d’écrire dans le dossier { $folder }.
copy_no_folder = Le dossier { $folder } n’existe pas.
copy_exists = Le fichier { $path } existe déjà ; il n’a pas été modifié.
copy_full = Il n’y a plus de place pour la copie.
copy_failed = La copie n’a pas pu être enregistrée : { $why }
bytes_of = Octets de
bytes_hex = Nombres
bytes_letters = Lettres
bytes_page = { $from } à { $to } sur { $total }
page_before = Précédent
page_after = Suivant
stream_unknown = flux inconnu { $number }
stream_line = { $name } ({ $size }, à partir de { $offset })
more =
    { $count ->
        [one] et { $count } autre, envoyé aussi mais pas affiché ici
       *[other] et { $count } autres, envoyés aussi mais pas affichés ici
    }
more_text = et { $size } de plus, envoyés aussi mais pas affichés ici

## What was removed

removed = Retiré avant l’enregistrement
removed_environment = variables d’environnement
removed_command_line = la ligne de commande
removed_open_files = noms des fichiers ouverts
removed_mapped_files = noms des fichiers en mémoire qui ne sont pas du code
removed_user_numbers = numéros d’utilisateur et de groupe
removed_other = autres données du processus
removed_nothing = rien dans les piles et les registres : ce programme les garde entiers
removed_stack_words = ce qui, dans les piles, n’est ni une adresse ni un petit nombre
removed_register_words = ce qui, dans les registres, n’est ni une adresse ni un petit nombre
removed_vectors = registres vectoriels
removed_memory = mémoire qui n’est ni une pile ni du code
removed_unknown_processor = piles et registres d’un processeur inconnu
removed_deep_stack = la partie extérieure d’une pile trop profonde pour être lue
removed_home = le nom de votre dossier personnel dans les chemins
removed_passwords = mots de passe dans les textes ({ $times })
removed_emails = adresses électroniques dans les textes ({ $times })
removed_cloud_keys = clés de nuage dans les textes ({ $times })
removed_access_tokens = jetons d’accès dans les textes ({ $times })
removed_web_tokens = jetons web dans les textes ({ $times })
removed_private_keys = clés privées dans les textes ({ $times })
removed_authorizations = données de connexion dans les textes ({ $times })
removed_by_app = ce que ce programme fait retirer des textes ({ $times })
removed_named = { $name } dans les textes ({ $times })
removed_long_texts = ce qui dépasse { $size } dans un texte
removed_all_texts = tous les textes, trop longs à examiner

## Sending

sending = Envoi du rapport
sending_to = À { $server }
sending_to_developers = Aux développeurs du programme
preparing = Préparation du rapport…
progress = { $sent } sur { $total }
cancel = Annuler
cancelling = Arrêt en cours…
sending_goes_on = Vous pouvez fermer cette fenêtre ; l’envoi continue.

## How it ended

sent = Envoyé. Merci.
event_id = Identifiant de l’événement
event_id_use = Indiquez cet identifiant si vous écrivez aux développeurs à ce sujet.
copy = Copier
copied = Copié
open_page = Ouvrir la page du rapport
known = Ce plantage est connu.
known_fixed_in = Ce plantage est connu et corrigé dans { $version }.
known_fixed_newest = Ce plantage est connu et corrigé. La version la plus récente est { $version }.
known_fixed_soon = Ce plantage est connu et sera corrigé dans une prochaine version.
get_update = Obtenir la nouvelle version
waiting = Le rapport n’a pas pu être envoyé pour l’instant
waiting_next = Il est gardé sur cet ordinateur, et un nouvel essai sera fait plus tard.
refused = Le serveur n’a pas accepté le rapport
refused_next = Il est gardé sur cet ordinateur, et ne sera pas renvoyé de lui-même.
refused_silent = Il n’a donné aucune raison.
cancelled = L’envoi a été arrêté
cancelled_next = Le rapport est gardé sur cet ordinateur ; la question sera posée de nouveau au prochain démarrage.
reporter_gone = Le programme qui envoie les rapports s’est arrêté.
close = Fermer

## Sizes

decimal_mark = ,
size_bytes =
    { $count ->
        [one] { $count } octet
       *[other] { $count } octets
    }
size_kilobytes = { $amount } ko
size_megabytes = { $amount } Mo
size_gigabytes = { $amount } Go

## In a terminal

pair = { $key } : { $value }
file_line = { $name } ({ $size }) : { $what }
terminal_choices = [s] envoyer, [d] ne pas envoyer, [l] me demander plus tard, [v] voir ce qui serait envoyé :
terminal_choices_raw = [s] envoyer, [d] ne pas envoyer, [l] me demander plus tard, [v] voir ce qui serait envoyé, [w] le rapport entier en texte, [c] enregistrer une copie :
terminal_again = Veuillez répondre par s, d, l ou v.
terminal_again_raw = Veuillez répondre par s, d, l, v, w ou c.
terminal_restart = Redémarrer { $app } ? [o/N]
terminal_always = Toujours faire ainsi sans demander ? Les prochains rapports, et ceux qui attendent, seront alors envoyés ou supprimés, selon votre choix d’aujourd’hui. [o/N]
terminal_copy = Enregistrer la copie sous (ligne vide : { $path }) :
terminal_yes = o oui
terminal_sending = Envoi en cours…
terminal_sent = Envoyé, merci. Identifiant de l’événement : { $event_id }
terminal_waiting = Le rapport n’a pas pu être envoyé pour l’instant ; il est gardé, et un nouvel essai sera fait plus tard.
terminal_refused = Le serveur n’a pas accepté le rapport ; il est gardé sur cet ordinateur.
terminal_cancelled = L’envoi a été arrêté ; le rapport est gardé.
terminal_kept = Un rapport de plantage est gardé sur cet ordinateur ; rien n’a été envoyé.
terminal_look = Pour le voir, l’envoyer ou le supprimer : { $command }
