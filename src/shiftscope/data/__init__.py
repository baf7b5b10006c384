"""Reading what others made: pictures, films, archives, lists of classes, annotations; and downloading it."""
